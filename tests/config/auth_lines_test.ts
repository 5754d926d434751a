import assert from "node:assert/strict";
import {
  type ParsedLines,
  parsePasswordLines,
  parseTokenLines,
} from "../../lib/config/auth_lines.ts";
import { installed } from "../support/installed.ts";

const BCRYPT = "$2y$05$YXe4HSNucqot0.QFUihtYu5fyNc/iB2rpHd4mWQ0sXVUwHlmLpIBa";
const SHA_512 =
  "$6$0aew2Y8RltZRsJek$LvIBiIEIun5/dqKYWdFQA23SoaEDazU0keGSyKmKza0KssGx/6nevb.Iyo6FA23BsTZky9cS63z8nYg4kwjM41";
const SHA_256 = "$5$rounds=10000$dlZyE4levHhwt.8E$w/CQ67Mj6uSIk/IcPhfFafQDqZ5R06sIbQHSyaitacA";

const HASH_RULE =
  "must have a hash of bcrypt, as htpasswd -B makes it, or of SHA-256 or SHA-512 crypt, as mkpasswd -m sha-512 does";

function told(parsed: ParsedLines): string[] {
  return "problems" in parsed
    ? parsed.problems.map(({ line, problem }) => `${line} ${problem}`)
    : [];
}

function entriesOf(parsed: ParsedLines): [string, string][] {
  assert.ok("entries" in parsed, JSON.stringify(parsed));
  return [...parsed.entries];
}

Deno.test("`parsePasswordLines()` reads names and hashes, and passes over comments and blank lines", () => {
  const text = `# users\r\nann:${BCRYPT}\r\n\n  bob smith:${SHA_512}  \n#x:y\nzoë:${SHA_256}`;
  assert.deepEqual(entriesOf(parsePasswordLines(text)), [
    ["ann", BCRYPT],
    ["bob smith", SHA_512],
    ["zoë", SHA_256],
  ]);
  assert.deepEqual(entriesOf(parsePasswordLines("")), []);
});

const ROUNDS = "must have from 1000 to 500000 rounds: with more each password would take too long";

const WRONG: readonly (readonly [line: string, problem: string])[] = [
  ["hunter2", "must be a name, a colon and a hash"],
  [`:${BCRYPT}`, "must be a name, a colon and a hash"],
  ["a:", HASH_RULE],
  ["a:hunter2", HASH_RULE],
  ["a:$apr1$ZjTqBB3f$IF9gdYAGlMrs2fuINjHsz.", `${HASH_RULE}; this one is of MD5`],
  ["a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", `${HASH_RULE}; this one is of SHA-1`],
  ["a:$y$j9T$abc$def", `${HASH_RULE}; this one is of yescrypt`],
  [`a:${BCRYPT.slice(0, -1)}`, HASH_RULE],
  [`a:${BCRYPT}x`, HASH_RULE],
  [`a:${BCRYPT}:1000`, HASH_RULE],
  [
    `a:${BCRYPT.replace("$05", "$03")}`,
    "must have a cost from 4 to 14: each password would take too long",
  ],
  [
    `a:${BCRYPT.replace("$05", "$15")}`,
    "must have a cost from 4 to 14: each password would take too long",
  ],
  [`a:${SHA_512.slice(0, -1)}`, HASH_RULE],
  [`a:${SHA_512.replace("$6", "$5")}`, HASH_RULE],
  [`a:${SHA_256.replace("$5", "$6")}`, HASH_RULE],
  [`a:${SHA_512.replace("$6$", "$6$rounds=999$")}`, ROUNDS],
  [`a:${SHA_512.replace("$6$", "$6$a b")}`, HASH_RULE],
  [
    `a:${SHA_512.replace("$6$", "$6$rounds=500001$")}`,
    ROUNDS,
  ],
];

Deno.test("`parsePasswordLines()` says of each line what is wrong with it, and repeats none", () => {
  for (const [line, problem] of WRONG) {
    assert.deepEqual(told(parsePasswordLines(`# first\n${line}\n`)), [`2 ${problem}`], line);
  }
  const text = `a:${BCRYPT}\nb:x\na:${BCRYPT}\n`;
  assert.deepEqual(told(parsePasswordLines(text)), [
    `2 ${HASH_RULE}`,
    "3 its name stands in a line above it as well",
  ]);
});

const DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

Deno.test("`parseTokenLines()` reads names and digests, several of a name as well", () => {
  const other = DIGEST.replace("9f", "00");
  const text = `ci sha256:${DIGEST}\nci:sha256:${other.toUpperCase()}\n# x\n\na\t sha256:${
    "1".repeat(64)
  }`;
  assert.deepEqual(entriesOf(parseTokenLines(text)), [
    [DIGEST, "ci"],
    [other, "ci"],
    ["1".repeat(64), "a"],
  ]);
});

Deno.test("`parseTokenLines()` says what is wrong with a line, and repeats none", () => {
  const form = "must be a name and the SHA-256 of its token: NAME sha256:HEX, where HEX is what " +
    "printf %s TOKEN | sha256sum says";
  for (const line of ["ci hunter2", `ci ${DIGEST}`, `sha256:${DIGEST}`, `c i sha256:${DIGEST}`]) {
    assert.deepEqual(told(parseTokenLines(line)), [`1 ${form}`], line);
  }
  assert.deepEqual(told(parseTokenLines(`a sha256:${DIGEST}\nb sha256:${DIGEST}`)), [
    "2 its token stands in a line above it as well",
  ]);
});

const MAKERS: readonly (readonly [program: string, ...args: string[]])[] = [
  ["htpasswd", "-nbB", "ann", "a password"],
  ["htpasswd", "-nbBC", "12", "ann", "a password"],
  ["htpasswd", "-nb5", "ann", "a password"],
  ["htpasswd", "-nb2", "ann", "a password"],
  ["mkpasswd", "-m", "sha-512", "a password"],
  ["mkpasswd", "-m", "sha-256", "-R", "20000", "a password"],
  ["mkpasswd", "-m", "bcrypt", "a password"],
];

for (const [program, ...args] of MAKERS) {
  const path = installed(program);
  Deno.test({
    name: `\`parsePasswordLines()\` takes what ${program} ${args.join(" ")} writes` +
      (path === null ? ` (skipped: ${program} is not installed)` : ""),
    ignore: path === null,
    fn() {
      const { stdout } = new Deno.Command(path!, { args: [...args], stderr: "null" }).outputSync();
      const written = new TextDecoder().decode(stdout).trim();
      const line = written.startsWith("ann:") ? written : `ann:${written}`;
      assert.deepEqual(entriesOf(parsePasswordLines(line)), [["ann", line.slice(4)]]);
    },
  });
}
