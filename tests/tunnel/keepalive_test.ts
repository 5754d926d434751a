import assert from "node:assert/strict";
import type { PeerStatus } from "../../lib/base/transport.ts";
import {
  type ClientSigns,
  createKeepalive,
  lookAtKeepalive,
  SLOWEST_BYTES_PER_SECOND,
} from "../../lib/tunnel/keepalive.ts";

type Look = readonly [
  atMs: number,
  heard: number,
  due: "nothing" | "ping" | "silent",
  other?: Partial<ClientSigns>,
];

const KNOWN_BY_ITSELF = { audible: true, unreadBytes: 0, handed: 0, askPeer: () => null };

const DEAF = { audible: false };

/** A hundred intervals at the slowest pace. */
const UNREAD = { unreadBytes: 10 * SLOWEST_BYTES_PER_SECOND };

/** How its system stands; of all others nothing is known. */
function peer(status: Partial<PeerStatus>): Pick<ClientSigns, "askPeer"> {
  const quiet = {
    arrivedBytes: 0,
    roomBytes: 0,
    inFlight: false,
    unanswered: 0,
    sinceAckMs: 0,
    ...status,
  };
  return { askPeer: () => quiet };
}

/** What is on its way to it has not been acknowledged for so long. */
const unreachable = (sinceAckMs: number) => peer({ inFlight: true, unanswered: 3, sinceAckMs });

/** The Ping and all before it are with its system, which has so much room. */
const arrived = (roomBytes: number | null) => peer({ arrivedBytes: 1, roomBytes, sinceAckMs: 1e6 });

/** Courses of a tunnel opened at 1000 with an interval of 100. */
const COURSES: readonly (readonly [what: string, looks: readonly Look[]])[] = [
  ["no Ping before the interval has passed", [[1000, 0, "nothing"], [1099, 0, "nothing"]]],
  ["a Ping when it has passed", [[1100, 0, "ping"], [1199, 1, "nothing"], [1200, 1, "ping"]]],
  ["a late Ping when nobody looked", [[1350, 0, "ping"], [1449, 1, "nothing"], [1450, 1, "ping"]]],
  ["a Ping also to a client that sends", [[1050, 5, "nothing"], [1100, 9, "ping"]]],
  ["the end two intervals after a Ping that nothing answered", [
    [1100, 0, "ping"],
    [1200, 0, "ping"],
    [1299, 0, "nothing"],
    [1300, 0, "silent"],
  ]],
  ["no end when something is heard at the last moment", [
    [1100, 0, "ping"],
    [1200, 0, "ping"],
    [1300, 1, "ping"],
    [1400, 1, "ping"],
    [1499, 1, "nothing"],
    [1500, 1, "silent"],
  ]],
  ["the end only after two intervals since the first Ping after it was heard", [
    [1100, 0, "ping"],
    [1150, 1, "nothing"],
    [1200, 1, "ping"],
    [1300, 1, "ping"],
    [1399, 1, "nothing"],
    [1400, 1, "silent"],
  ]],
  ["no end by a jump of the clock when the answer had come", [
    [1100, 0, "ping"],
    [9_001_100, 1, "ping"],
    [9_001_200, 2, "ping"],
  ]],
  ["no end before a Ping went out, however long ago the client was heard", [
    [9_001_000, 0, "ping"],
    [9_001_199, 0, "ping"],
    [9_001_200, 0, "silent"],
  ]],
  ["no end while the client can't be heard, and a full time to answer after that", [
    [1100, 0, "ping"],
    [1200, 0, "ping", DEAF],
    [1300, 0, "ping", DEAF],
    [1400, 0, "ping", DEAF],
    [1500, 0, "ping"],
    [1599, 0, "nothing"],
    [1600, 0, "silent"],
  ]],
  ["no end before a slow client can have come to the Ping", [
    [1100, 0, "ping", UNREAD],
    [1300, 0, "ping", UNREAD],
    [11_250, 0, "ping", UNREAD],
    [11_299, 0, "nothing", UNREAD],
    [11_300, 0, "silent", UNREAD],
  ]],
  ["no end while what it has to read grows, as one grows that takes more", [
    [1100, 0, "ping", { unreadBytes: 2000 }],
    [1300, 0, "ping", { unreadBytes: 4000 }],
    [1500, 0, "ping", { unreadBytes: 6000 }],
    [1600, 0, "silent", { unreadBytes: 6000 }],
  ]],
  ["the end of a slow client that has caught up after two intervals", [
    [1100, 0, "ping", UNREAD],
    [9000, 1, "ping"],
    [9200, 1, "silent"],
  ]],
  ["the end after a bounded time, however much was sent", [
    [1100, 0, "ping", { unreadBytes: Infinity }],
    [525_587, 0, "ping", { unreadBytes: Infinity }],
    [525_588, 0, "silent", { unreadBytes: Infinity }],
  ]],
  ["the end after two intervals when its system acknowledges nothing", [
    [1100, 0, "ping", { ...UNREAD, ...unreachable(9_000) }],
    [1299, 0, "ping", { ...UNREAD, ...unreachable(9_199) }],
    [1300, 0, "silent", { ...UNREAD, ...unreachable(200) }],
  ]],
  ["no end when its system has acknowledged something since", [
    [1100, 0, "ping", { ...UNREAD, ...unreachable(0) }],
    [1300, 0, "ping", { ...UNREAD, ...unreachable(199) }],
  ]],
  ["no end while its system has no room for the Ping, and after that the time to read", [
    [1100, 0, "ping", { ...UNREAD, ...peer({ sinceAckMs: 120_000 }) }],
    [1300, 0, "ping", { ...UNREAD, ...peer({ unanswered: 2, sinceAckMs: 120_000 }) }],
    [9_000_000, 0, "ping", { ...UNREAD, ...peer({ sinceAckMs: 120_000 }) }],
    [9_009_999, 0, "ping", { ...UNREAD, ...arrived(0) }],
    [9_010_000, 0, "silent", { ...UNREAD, ...arrived(0) }],
  ]],
  ["the end of one without room whose system can't be reached any more", [
    [1100, 0, "ping", { ...UNREAD, ...peer({}) }],
    [9_000_000, 0, "ping", { ...UNREAD, ...peer({ unanswered: 2, sinceAckMs: 360_000 }) }],
    [9_000_001, 0, "silent", { ...UNREAD, ...peer({ unanswered: 3, sinceAckMs: 360_000 }) }],
  ]],
  ["no end while more and more of what stands before the Ping arrives", [
    [1100, 0, "ping", { handed: 1000, ...peer({ inFlight: true }) }],
    [1300, 0, "ping", { handed: 2000, ...peer({ inFlight: true, arrivedBytes: 999 }) }],
    [1600, 0, "ping", { handed: 2000, ...peer({ inFlight: true, arrivedBytes: 1000 }) }],
    [1700, 0, "silent", { handed: 2000, ...peer({ inFlight: true, arrivedBytes: 1001 }) }],
  ]],
  ["the end after two intervals of what is on its way, though there were few tries", [
    [1100, 0, "ping"],
    [1299, 0, "ping", peer({ inFlight: true, unanswered: 1, sinceAckMs: 200 })],
    [1300, 0, "silent", peer({ inFlight: true, unanswered: 1, sinceAckMs: 200 })],
  ]],
  ["no end while its system gets more room, as of one that reads", [
    [1100, 0, "ping", { ...UNREAD, ...arrived(70_000) }],
    [1300, 0, "ping", { ...UNREAD, ...arrived(70_000) }],
    [11_299, 0, "ping", { ...UNREAD, ...arrived(78_192) }],
    [11_300, 0, "nothing", { ...UNREAD, ...arrived(60_000) }],
    [21_298, 0, "ping", { ...UNREAD, ...arrived(60_000) }],
    [21_299, 0, "nothing", { ...UNREAD, ...arrived(68_192) }],
  ]],
  ["the end where the room grows by less than anybody reads", [
    [1100, 0, "ping", { ...UNREAD, ...arrived(70_000) }],
    [1300, 0, "ping", { ...UNREAD, ...arrived(70_000) }],
    [9_000, 0, "ping", { ...UNREAD, ...arrived(78_191) }],
    [11_300, 0, "silent", { ...UNREAD, ...arrived(78_191) }],
  ]],
  ["the end as of any other where the room isn't known", [
    [1100, 0, "ping", { ...UNREAD, ...arrived(null) }],
    [1300, 0, "ping", { ...UNREAD, ...arrived(null) }],
    [11_300, 0, "silent", { ...UNREAD, ...arrived(null) }],
  ]],
];

for (const [what, looks] of COURSES) {
  Deno.test(`\`lookAtKeepalive()\` asks for ${what}`, () => {
    const state = createKeepalive(100, 1000);
    for (const [atMs, heard, due, other] of looks) {
      const signs = { heard, ...KNOWN_BY_ITSELF, ...other };
      assert.equal(lookAtKeepalive(state, signs, atMs), due, `at ${atMs}`);
    }
  });
}
