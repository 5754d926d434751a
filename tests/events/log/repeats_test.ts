import assert from "node:assert/strict";
import type { RequestEvent } from "../../../lib/events/event.ts";
import { peerWords } from "../../../lib/events/words.ts";
import { keptLog } from "../../backend/setting.ts";
import { eventually } from "../../support/eventually.ts";

const NOTHING_HERE = { status: 404, reason: "nothing is served at this path" };

function refused({ client = "x", status, reason }: {
  readonly client?: string;
  readonly status: number;
  readonly reason: string;
}): RequestEvent {
  return {
    kind: "request-refused",
    client,
    asked: null,
    route: null,
    cause: "rules",
    status,
    reason: peerWords(reason),
    why: undefined,
    handshakeSeconds: 0,
  };
}

const LEFT: RequestEvent = {
  kind: "client-left",
  client: "x",
  user: null,
  route: "/",
  asked: { path: peerWords("/"), host: peerWords("h"), origin: undefined },
  backend: "127.0.0.1:1",
  isTarget: false,
  pid: undefined,
};

Deno.test("the log sums up refusals that repeat, by status and reason", () => {
  const { events, lines } = keptLog("info");
  for (let i = 0; i < 1_000; i++) events.emit(refused({ client: `${i}`, ...NOTHING_HERE }));
  events.emit(refused({ status: 403, reason: "this origin" }));
  const written = lines.length;
  assert(written >= 21 && written < 25, `${written} lines`);
  assert.deepEqual(lines[0]!.fields, {
    client: "0",
    via: undefined,
    tls: undefined,
    ...NOTHING_HERE,
  });
  assert.equal(lines.at(-1)!.fields["status"], 403);
  events.close();
  const [summary, ...none] = lines.slice(written);
  assert.equal(summary!.message, "more requests refused");
  assert.deepEqual(summary!.fields, { ...NOTHING_HERE, count: 1_001 - written, seconds: 0 });
  assert.deepEqual(none, []);
});

Deno.test("the log keeps what happened to clients apart, and is bounded whatever they say", () => {
  const { events, lines } = keptLog("info");
  for (let i = 0; i < 20_000; i++) {
    events.emit(refused({ status: 426, reason: `opens with GET, not M${i}` }));
  }
  for (let i = 0; i < 200; i++) events.emit(LEFT);
  events.close();
  assert(lines.length < 300, `${lines.length} lines`);
  const counted = lines.reduce((sum, { fields }) => sum + Number(fields["count"] ?? 1), 0);
  assert.equal(counted, 20_200, "every one is told of");
});

Deno.test("what clients make up hides no backend that is down", () => {
  const { events, lines } = keptLog("info");
  for (let i = 0; i < 3_000; i++) {
    events.emit(refused({ status: 426, reason: `opens with GET, not M${i}` }));
    events.emit({ kind: "admin-refused", by: "x", status: 421, reason: `it is ${i}.example` });
  }
  events.emit({ kind: "route-down", route: "/", reason: "reset" });
  assert.deepEqual(lines.at(-1)!.fields, { route: "/", reason: "reset" });
  events.close();
  assert(lines.length < 150, `${lines.length} lines`);
});

Deno.test("of many backends that fail at once each is told of", () => {
  const { events, lines } = keptLog("info");
  for (let i = 0; i < 300; i++) {
    const backend = `10.0.0.${i}:1`;
    events.emit({ kind: "host-down", route: "/", backend, reason: "refused", only: false });
  }
  events.close();
  const backends = lines.map(({ message, fields }) => `${message} ${fields["backend"]}`);
  assert.deepEqual(
    backends,
    Array.from({ length: 300 }, (_, i) => `backend is down 10.0.0.${i}:1`),
  );
});

Deno.test("the log writes every refusal at debug level", () => {
  const { events, lines } = keptLog("debug");
  for (let i = 0; i < 1_000; i++) events.emit(refused(NOTHING_HERE));
  events.close();
  assert.equal(lines.length, 1_000);
});

Deno.test("the log sums up a backend that comes and goes, and says how it is since", () => {
  const { events, lines } = keptLog("info");
  const route = "/";
  for (let i = 0; i < 35; i++) {
    events.emit({ kind: "route-down", route, reason: "reset" });
    events.emit({ kind: "route-up", route, backend: "a:1" });
    const host = { route, backend: "b:1", only: false } as const;
    events.emit({ kind: "host-up", ...host });
    events.emit({ kind: "host-down", ...host, reason: "refused" });
  }
  events.emit({ kind: "route-down", route: "/other", reason: "off" });
  events.close();
  const [routes, hosts] = lines.slice(-2);
  assert.ok(lines.length < 50, `${lines.length} lines`);
  const summed = (line: typeof routes) => [line!.level, line!.message, line!.fields];
  assert.deepEqual(summed(routes), [
    "error",
    "the backends of the route come and go",
    { route, now: "up", count: 50, seconds: 0 },
  ]);
  assert.deepEqual(summed(hosts), [
    "warn",
    "the backend comes and goes",
    { route, backend: "b:1", now: "down", count: 50, seconds: 0 },
  ]);
  assert.ok(
    lines.some(({ fields }) => fields["route"] === "/other"),
    "another route is another kind",
  );
});

Deno.test("the log tells after a second how many more there were, and one of them each second", async () => {
  const { events, lines } = keptLog("info");
  const began = performance.now();
  let sent = 0;
  const summed = () => lines.filter(({ message }) => message === "more requests refused");
  await eventually("two sums", () => {
    for (let i = 0; i < 50; i++, sent++) events.emit(refused(NOTHING_HERE));
    return summed().length === 2;
  });
  const seconds = (performance.now() - began) / 1000;
  const told = summed().map(({ fields }) => Number(fields["seconds"]));
  assert.ok(told.every((one) => one >= 1 && one <= Math.round(seconds)), `${told} of ${seconds} s`);
  assert.ok(
    lines.length <= 20 + 2 * Math.ceil(seconds) + 1,
    `${lines.length} lines of ${sent} refusals in ${seconds} s`,
  );
  events.close();
  const counted = lines.reduce((sum, { fields }) => sum + Number(fields["count"] ?? 1), 0);
  assert.equal(counted, sent);
});
