/** Words as websockify reads them: the same that it refuses are refused, in its words. */
import assert from "node:assert/strict";
import { argumentsOf } from "../../lib/cli/called.ts";
import { parseWebsockify, toWhole } from "../../lib/cli/websockify/parse.ts";
import { translate } from "../../lib/cli/websockify/translate.ts";
import { testUnless } from "../ship/executable.ts";
import { inFolder } from "../support/folder.ts";
import { NO_WEBSOCKIFY, referenceErrors } from "./reference.ts";

Deno.test("`parseWebsockify()` reads words as Python's optparse does", () => {
  const cases: [string, Record<string, string>, string[], (string[] | null)?][] = [
    ["6080 a:1", {}, ["6080", "a:1"]],
    ["6080 a:1 --web x --heartbeat=5", { "--web": "x", "--heartbeat": "5" }, ["6080", "a:1"]],
    ["--web x 6080 --web=y=z a:1", { "--web": "y=z" }, ["6080", "a:1"]],
    ["-v6 1 a:1", { "--verbose": "", "--prefer-ipv6": "" }, ["1", "a:1"]],
    ["--verb --ti 5 --ssl-o 1", { "--verbose": "", "--timeout": "5", "--ssl-only": "" }, ["1"]],
    ["--pre 1", { "--prefer-ipv6": "" }, ["1"]],
    ["--heartbeat -5 - 1", { "--heartbeat": "-5" }, ["-", "1"]],
    ["--web -x 1", { "--web": "-x" }, ["1"]],
    ["--web= 1", { "--web": "" }, ["1"]],
    ["1 --wrap-mode=ignore -- a --web -v", { "--wrap-mode": "ignore" }, ["1"], [
      "a",
      "--web",
      "-v",
    ]],
  ];
  for (const [words, given, rest, command = null] of cases) {
    const line = parseWebsockify(words.split(" "));
    assert(!("problem" in line), words);
    assert.deepEqual(Object.fromEntries(line.given), given, words);
    assert.deepEqual([line.words, line.command], [rest, command], words);
  }
});

Deno.test("`toWhole()` reads numbers as optparse does", () => {
  const cases: [string, number | null][] = [
    ...["30", "0x1e", "036", "0b11110", " +30 "].map((text): [string, number] => [text, 30]),
    ["-5", -5],
    ["0", 0],
    ["1.5", null],
    ["08", null],
    ["", null],
    ["5s", null],
  ];
  for (const [text, number] of cases) assert.equal(toWhole(text), number, text);
});

Deno.test("`argumentsOf()` knows the name websockify", () => {
  for (
    const name of ["websockify", "./websockify", "/usr/bin/websockify", "C:\\x\\websockify.exe"]
  ) {
    assert.deepEqual(argumentsOf(name, ["1"]), ["websockify", "1"]);
    assert.deepEqual(argumentsOf(name, ["websockify", "1"]), ["websockify", "1"]);
  }
  for (const name of ["wstunnel", "deno", "/websockify/wstunnel", "python-websockify", ""]) {
    assert.deepEqual(argumentsOf(name, ["1"]), ["1"]);
  }
});

/** What is wrong with words; null: nothing. */
function problemOf(words: readonly string[]): string | null {
  const line = parseWebsockify(words);
  if ("problem" in line) return line.problem;
  const look = {
    exists: () => false,
    isPem: () => null,
    absolute: (path: string) => path,
    freePort: () => 5999,
  };
  return translate(line, look).problems[0] ?? null;
}

/** What both refuse. */
const WRONG = [
  "",
  "6080",
  "6080 --",
  "--foo 6080 a:1",
  "-x 6080 a:1",
  "-vx 6080 a:1",
  "--ssl 6080 a:1",
  "--t=5 6080 a:1",
  "--verbose=1 6080 a:1",
  "--web",
  "--heartbeat 1.5 6080 a:1",
  "--ssl-version foo 6080 a:1",
  "--wrap-mode bad 6080 a:1",
  "--ssl-only 6080 a:1",
  "6080 a:1 b",
  "6080 a",
  "x a:1",
  "- a:1",
  "6080 a:x",
  "--token-source x 6080",
  "--host-token 6080 a:1",
  "--auth-source x 6080 a:1",
  "--web-auth 6080 a:1",
  "--unix-target x 6080 a:1",
  "--target-config x 6080 a:1",
  "--inetd",
  "--inetd 6080 a:1",
];

testUnless(
  NO_WEBSOCKIFY,
  "what websockify refuses is refused in the same words",
  () =>
    inFolder(async (folder) => {
      const lines = WRONG.map((line) => line.split(" ").filter((word) => word));
      const said = await referenceErrors(lines, folder);
      assert.equal(said.length, lines.length);
      for (const [at, words] of lines.entries()) {
        const problem = problemOf(words);
        assert.ok(problem?.startsWith(said[at]!), `${WRONG[at]}: ${problem}, not ${said[at]}`);
      }
    }),
);

Deno.test("what it refuses beside is refused in a word of its own", () => {
  const cases: [string, RegExp][] = [
    ["--pri 6080 a:1", /^no such option: --pri$/],
    ["6080 a:1 -- x", /^Too many arguments: "a:1" has no place$/],
    ["6080", /^Too few arguments: TARGET:PORT is missing, such as localhost:5900$/],
    ["6080 a", /^Error parsing target: .*: current value is "a"$/],
    ["6080 a:b", /^Error parsing target port: .*: current value is "a:b"$/],
    ["a:b c:1", /^Error parsing listen port: .*: current value is "a:b"$/],
    ["--listen :1 6080 a:1", /^no such option: --listen; it is an option of wstunnel's own/],
    ["6080 -- x", /^-- COMMAND: .*package websockify.*-rfbport \{port\}$/],
    ["--unix-listen-mode 600 6080 a:1", /^You must use --unix-listen to use --unix-listen-mode$/],
    ["--unix 6080 a:1", /^ambiguous option: --unix \(--unix-listen, --unix-listen-mode, --unix-t/],
  ];
  for (const [line, problem] of cases) assert.match(problemOf(line.split(" "))!, problem, line);
});
