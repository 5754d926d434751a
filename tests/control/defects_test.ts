/** What nobody caught, in a program of its own. */
import assert from "node:assert/strict";

const DEFECTS = new URL("../../lib/control/defects.ts", import.meta.url);
const SINK = new URL("../../lib/events/log/sink.ts", import.meta.url);

/** Runs `script` with `undo` at hand, which `surviveDefects()` gave; its log goes to standard output, a line an entry. */
async function run(script: string) {
  const code = `
import { surviveDefects } from ${JSON.stringify(DEFECTS.href)};
import { createLogSink } from ${JSON.stringify(SINK.href)};
const sink = createLogSink({
  error: (message, { reason }) => console.log(message + ": " + reason.split("\\n")[0]),
});
const undo = surviveDefects(sink.take);
${script}
`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, code);
    const args = ["run", "--quiet", "--no-check", "--no-config", "--allow-read", file];
    const { code: exitCode, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    const lines = decoder.decode(stdout).trimEnd().split("\n");
    return { exitCode, lines, errors: decoder.decode(stderr) };
  } finally {
    await Deno.remove(file);
  }
}

/** What throws, and the reason in the log. */
const DEFECT_SCRIPTS: readonly (readonly [what: string, script: string, reason: string])[] = [
  ["a promise", `Promise.reject(new Error("one"));`, "Error: one"],
  ["a promise, no error", `Promise.reject("two");`, "two"],
  ["a timer", `setTimeout(() => { throw new TypeError("three"); });`, "TypeError: three"],
  ["a timer, no error", `setTimeout(() => { throw undefined; });`, ""],
  [
    "a listener for events",
    `const target = new EventTarget();
    target.addEventListener("x", () => { throw new Error("four"); });
    target.dispatchEvent(new Event("x"));`,
    "Error: four",
  ],
  [
    "a listener for an abort",
    `const aborter = new AbortController();
    aborter.signal.addEventListener("abort", () => { throw new Error("five"); });
    aborter.abort();`,
    "Error: five",
  ],
  ["a microtask", `queueMicrotask(() => { throw new Error("six"); });`, "Error: six"],
];

for (const [what, script, reason] of DEFECT_SCRIPTS) {
  Deno.test(`\`surviveDefects()\` logs what is thrown in ${what}, and the program goes on`, async () => {
    const { exitCode, lines, errors } = await run(`
${script}
setTimeout(() => console.log("still here"), 50);
`);
    assert.equal(errors, "");
    assert.equal(exitCode, 0);
    assert.equal(lines.length, 2, lines.join("\n"));
    assert.match(lines[0]!, new RegExp(`^a defect in wstunnel, please report it: .*${reason}$`));
    assert.equal(lines[1], "still here");
  });
}

for (
  const script of [
    `Promise.reject(new Error("too late"));`,
    `setTimeout(() => { throw new Error("too late"); });`,
  ]
) {
  Deno.test(`\`surviveDefects()\` is undone: ${script}`, async () => {
    const { exitCode, lines, errors } = await run(`undo(); ${script}`);
    assert.equal(exitCode, 1);
    assert.deepEqual(lines, [""]);
    assert.match(errors, /too late/);
  });
}
