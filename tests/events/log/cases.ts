/** Events and their lines in the log, as tables have them. */
import type { Asked, EventKind, EventOf, TunnelProgress } from "../../../lib/events/event.ts";
import { peerWords } from "../../../lib/events/words.ts";

/** An event without its kind, and its line without the time; null: it has none. */
export type Case<Kind extends EventKind> = readonly [
  event: Omit<EventOf<Kind>, "kind">,
  line: string | null,
];

/** One case and more of each kind: the compiler asks for all of them. */
export type Cases<Kind extends EventKind> = { readonly [K in Kind]: readonly Case<K>[] };

export const ASKED: Asked = {
  path: peerWords("/vnc"),
  host: peerWords("example.com"),
  origin: peerWords("https://app.example"),
  subprotocol: peerWords("binary"),
  declined: undefined,
};
export const SAID = "path=/vnc host=example.com origin=https://app.example";

export const TUNNEL: TunnelProgress = {
  id: 3,
  client: "192.0.2.7:4000",
  route: "/vnc",
  user: null,
  asked: ASKED,
  backend: "exec:cat",
  isTarget: false,
  pid: 9,
  seconds: 1.25,
  upBytes: 10,
  downBytes: 20,
};
export const NAMES =
  `id=3 client=192.0.2.7:4000 route=/vnc ${SAID} subprotocol=binary backend=exec:cat pid=9`;

export const HOST = { route: "/vnc", backend: "127.0.0.1:5900" };
export const OWN = { program: "exec:cat", pid: 9, route: "/vnc", tunnel: 3 };
