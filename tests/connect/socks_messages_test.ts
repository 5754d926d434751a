import assert from "node:assert/strict";
import {
  formatReply,
  MOST_BYTES,
  readGreeting,
  readRequest,
  Reply,
} from "../../lib/cli/connect/socks/messages.ts";
import { createRefusals } from "../../lib/cli/connect/socks/refusals.ts";
import { isOfTheAddress, replyFor, withAddress } from "../../lib/cli/connect/socks/target.ts";
import type { OpenProblem } from "../../lib/cli/connect/open_problem.ts";

const bytesOf = (text: string) => [...new TextEncoder().encode(text)];
const named = (name: string, port = [0x15, 0x38]) => [
  ...[5, 1, 0, 3, name.length],
  ...bytesOf(name),
  ...port,
];

/** Reads what comes byte by byte, at any place of the buffer; gives what is read once it is enough. */
function slowly<T extends object>(
  read: (bytes: Uint8Array, start: number, end: number) => T | "incomplete",
  message: readonly number[],
): T | "incomplete" {
  const bytes = new Uint8Array([9, 9, 9, ...message, 7, 7]);
  for (let end = 3; end <= 3 + message.length; end++) {
    const parsed = read(bytes, 3, end);
    if (parsed !== "incomplete") return parsed;
  }
  return "incomplete";
}

Deno.test("`readGreeting()` goes on without authentication, and says what else somebody speaks", () => {
  const all = Array.from({ length: 255 }, (_, at) => at);
  for (const message of [[5, 1, 0], [5, 3, 2, 1, 0], [5, 255, ...all]]) {
    assert.deepEqual(slowly(readGreeting, message), { end: 3 + message.length });
  }
  for (const message of [[], [5], [5, 2, 0]]) {
    assert.equal(slowly(readGreeting, message), "incomplete");
  }
  const cases: [message: number[], problem: RegExp, answer: number[] | null][] = [
    [[5, 0], /wants to show who it is/, [5, 0xff]],
    [[5, 2, 1, 2], /wants to show who it is/, [5, 0xff]],
    [[4, 1, 0, 22], /^speaks SOCKS4, not SOCKS5$/, null],
    [bytesOf("GET / HTTP/1.1"), /^speaks HTTP, not SOCKS5$/, null],
    [[0x16, 3, 1], /^speaks no SOCKS5$/, null],
    [[0], /^speaks no SOCKS5$/, null],
  ];
  for (const [message, problem, answer] of cases) {
    const greeting = slowly(readGreeting, message);
    assert.ok(greeting !== "incomplete" && "problem" in greeting);
    assert.match(greeting.problem, problem);
    assert.deepEqual(greeting.answer === null ? null : [...greeting.answer], answer);
  }
});

Deno.test("`readRequest()` reads each type of address, and answers what can't be with RFC 1928's code", () => {
  const good: [message: number[], address: string][] = [
    [[5, 1, 0, 1, 10, 0, 0, 255, 0, 22], "10.0.0.255:22"],
    [[5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 1, 0xff, 0xff], "[2001:db8::1]:65535"],
    [[5, 1, 0, 4, ...Array(10).fill(0), 255, 255, 127, 0, 0, 1, 0, 80], "127.0.0.1:80"],
    [named("db.example.com"), "db.example.com:5432"],
    [named("db.example.com."), "db.example.com:5432"],
    [named("a"), "a:5432"],
    [named("10.0.0.1"), "10.0.0.1:5432"],
    [named("::1"), "[::1]:5432"],
    // What is reserved is nobody's to judge.
    [[5, 1, 9, 1, 1, 2, 3, 4, 1, 0], "1.2.3.4:256"],
  ];
  for (const [message, address] of good) {
    assert.deepEqual(slowly(readRequest, message), { end: 3 + message.length, address });
    assert.equal(slowly(readRequest, message.slice(0, -1)), "incomplete");
  }
  assert.ok(257 + named("x".repeat(255)).length === MOST_BYTES);
  const bad: [message: number[], reply: number][] = [
    [[5, 2, 0, 1, 1, 2, 3, 4, 0, 80], Reply.COMMAND_NOT_SUPPORTED],
    [[5, 3, 0, 3, 1, 97, 0, 80], Reply.COMMAND_NOT_SUPPORTED],
    [[5, 1, 0, 2, 1], Reply.ADDRESS_TYPE_NOT_SUPPORTED],
    [[5, 1, 0, 0, 0], Reply.ADDRESS_TYPE_NOT_SUPPORTED],
    [[4], Reply.FAILED],
    [named("a", [0, 0]), Reply.FAILED],
    [named(""), Reply.FAILED],
    [named("."), Reply.FAILED],
    [named("a b"), Reply.FAILED],
    [named("a\0b"), Reply.FAILED],
    [named("a:80"), Reply.FAILED],
    [named("fe80::1%eth0"), Reply.FAILED],
    [named("a/?b=c&d"), Reply.FAILED],
    [named("x".repeat(255)), Reply.FAILED],
    [[5, 1, 0, 3, 2, 0xc3, 0xa4, 0, 80], Reply.FAILED],
  ];
  for (const [message, reply] of bad) {
    const request = slowly(readRequest, message);
    assert.ok(request !== "incomplete" && "problem" in request, `${message}`);
    assert.deepEqual([...request.answer!], [5, reply, 0, 1, 0, 0, 0, 0, 0, 0], `${message}`);
  }
  assert.equal(formatReply(Reply.SUCCEEDED).length, 10);
});

Deno.test("`withAddress()` fills the parameter that is open at the end, else adds one", () => {
  const cases: [target: string, filled: string][] = [
    ["/", "/?address=a%3A1"],
    ["/v1?b=c", "/v1?b=c&address=a%3A1"],
    ["/v1?b=", "/v1?b=a%3A1"],
    ["/v1?b=c&to=", "/v1?b=c&to=a%3A1"],
    ["/v1?", "/v1?&address=a%3A1"],
  ];
  for (const [target, filled] of cases) assert.equal(withAddress(target, "a:1"), filled);
  assert.equal(withAddress("/", "[::1]:1"), "/?address=%5B%3A%3A1%5D%3A1");
});

Deno.test("what the server answers of an address is told by its code, and remembered for a while", () => {
  const answered = (status: number, from: "server" | "proxy" = "server"): OpenProblem => ({
    kind: "refused",
    reason: "",
    answer: { from, status, retryAfterMs: null },
  });
  const cases: [problem: OpenProblem, reply: number, ofTheAddress: boolean][] = [
    [answered(403), Reply.NOT_ALLOWED, true],
    [answered(502), Reply.REFUSED, true],
    [answered(503), Reply.HOST_UNREACHABLE, true],
    [answered(504), Reply.HOST_UNREACHABLE, true],
    [answered(401), Reply.FAILED, false],
    [answered(404), Reply.FAILED, false],
    [answered(403, "proxy"), Reply.FAILED, false],
    [{ kind: "failed", reason: "" }, Reply.FAILED, false],
  ];
  for (const [problem, reply, ofTheAddress] of cases) {
    assert.equal(replyFor(problem), reply);
    assert.equal(isOfTheAddress(problem), ofTheAddress);
  }
  const refusals = createRefusals();
  const no = answered(403);
  refusals.note("a:1", no, 1000, 0);
  assert.equal(refusals.known("a:1", 1249), no);
  assert.equal(refusals.known("b:1", 1249), null);
  assert.equal(refusals.known("a:1", 1250), null);
  refusals.note("a:1", no, 1250, 0);
  assert.equal(refusals.known("a:1", 1749), no);
  // After a while it begins anew.
  refusals.note("a:1", no, 100_000, 0);
  assert.equal(refusals.known("a:1", 100_251), null);
  refusals.note("a:1", { kind: "failed", reason: "" }, 100_251, 0);
  refusals.note("a:1", no, 100_251, 0);
  assert.equal(refusals.known("a:1", 100_502), null);
  refusals.note("a:1", no, 100_502, 0);
  for (let count = 0; count < 256; count++) refusals.note(`${count}:1`, no, 100_502, 0);
  assert.equal(refusals.known("a:1", 100_502), null);
  assert.equal(refusals.known("0:1", 100_502), no);
});
