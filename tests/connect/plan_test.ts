import assert from "node:assert/strict";
import { formatAddress } from "../../lib/base/address.ts";
import { readPlan } from "../../lib/cli/connect/plan.ts";

function plan(words: string[], listen: string[] = [], switches: string[] = []) {
  const given = listen.map((value) => ({ name: "--listen", value } as const));
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
