import assert from "node:assert/strict";
import { formatAddress } from "../../lib/base/address.ts";
import { readPlan } from "../../lib/cli/connect/plan.ts";

function plan(
  words: string[],
  listen: string[] = [],
  switches: string[] = [],
  socks: string[] = [],
) {
  const given = [
    ...listen.map((value) => ({ name: "--listen", value } as const)),
    ...socks.map((value) => ({ name: "--socks", value } as const)),
  ];
  return readPlan(words, given, switches);
}

Deno.test("`readPlan()` splits LISTEN=URL where the URL begins, whatever `=` stands elsewhere", () => {
  const cases: [words: string[], listen: string[], lanes: [url: string, listen: string[]][]][] = [
    [["ws://a/"], [], [["ws://a/", []]]],
    [["wss://a/?to=ws://b/"], [], [["wss://a/?to=ws://b/", []]]],
    [["ws://a/"], [":1", "unix:/a"], [["ws://a/", ["[::]:1", "unix:/a"]]]],
    // Its URL is judged with the rest.
    [["http://a/"], [], [["http://a/", []]]],
    [["127.0.0.1:1=http://a/"], [], [["127.0.0.1:1=http://a/", []]]],
    [["[::1]:1=wss://a/?b=c"], [], [["wss://a/?b=c", ["[::1]:1"]]]],
    [["127.0.0.1:0=WSS://a/"], [], [["WSS://a/", ["127.0.0.1:0"]]]],
    [["unix:/a=b/=.sock=ws://a/?b=ws://c"], [], [[
      "ws://a/?b=ws://c",
      ["unix:/a=b/=.sock"],
    ]]],
    [["unix:@a=b=wss://a/", ":2=ws://b"], [], [["wss://a/", ["unix:@a=b"]], ["ws://b", [
      "[::]:2",
    ]]]],
  ];
  for (const [words, listen, lanes] of cases) {
    const read = plan(words, listen);
    assert.ok(!("problem" in read), words.join(" "));
    const got = read.lanes.map((lane) => [lane.url, lane.listen.map(formatAddress)]);
    assert.deepEqual(got, lanes, words.join(" "));
    assert.equal(read.once, false);
  }
  const once = plan(["ws://a/"], [":1"], ["--once"]);
  assert.ok(!("problem" in once) && once.once);
});

Deno.test("`readPlan()` says what doesn't go together, without a word of a URL", () => {
  const cases: [words: string[], listen: string[], switches: string[], problem: RegExp][] = [
    [["ws://a/?s3cret", "ws://b/"], [], [], /^there must be one URL, or .* pairs LISTEN=URL$/],
    [["ws://a/?s3cret", ":1=ws://b/"], [], [], /^a URL alone has no place beside pairs/],
    [[":1=ws://a/?s3cret"], [":2"], [], /^--listen has no place beside LISTEN=URL/],
    [["a=ws://a/?s3cret"], [], [], /^LISTEN of LISTEN=URL: must be host:port.*is "a"$/],
    [["=ws://a/?s3cret"], [], [], /^LISTEN of LISTEN=URL: .*is ""$/],
    [["ws://a/?s3cret"], ["a:b"], [], /^--listen: the port must be.*is "a:b"$/],
    [["ws://a/?s3cret"], [], ["--once"], /^--once is for --listen, LISTEN=URL and --socks$/],
  ];
  for (const [words, listen, switches, problem] of cases) {
    const read = plan(words, listen, switches);
    assert.ok("problem" in read, words.join(" "));
    assert.match(read.problem, problem);
    assert.doesNotMatch(read.problem, /s3cret/);
  }
});

Deno.test("`readPlan()` lets by SOCKS5 only this machine's programs say where to, and only them", () => {
  const good = ["127.0.0.1:0", "127.9.9.9:1", "localhost:1", "[::1]:1", "unix:/a", "unix:@a"];
  for (const url of ["ws://a/", "ws://a/?b=c", "ws://a/?address=", "ws://a/?b=c&to="]) {
    const read = plan([url], [], ["--once"], good);
    assert.ok(!("problem" in read), url);
    assert.deepEqual([read.socks, read.once, read.lanes[0]!.listen.length], [true, true, 6]);
  }
  const bad: [words: string[], listen: string[], socks: string, problem: RegExp][] = [
    ...[":1080", "10.0.0.1:1", "[::]:1", "example.com:1", "0.0.0.0:1", "127.example.com:1"].map((
      socks,
    ): [string[], string[], string, RegExp] => [
      ["ws://a/"],
      [],
      socks,
      /^--socks: must be an address of loopback, .*: current value is "/,
    ]),
    [["ws://a/"], [":2"], "127.0.0.1:1", /^--socks has no place beside --listen$/],
    [[":1=ws://a/"], [], "127.0.0.1:1", /^--socks has no place beside LISTEN=URL$/],
    [["ws://a/?address=b:1"], [], "127.0.0.1:1", /the URL must not name an address/],
    [["ws://a/?address=&b=c"], [], "127.0.0.1:1", /the URL must not name an address/],
  ];
  for (const [words, listen, socks, problem] of bad) {
    const read = plan(words, listen, [], [socks]);
    assert.ok("problem" in read, socks);
    assert.match(read.problem, problem);
  }
});
