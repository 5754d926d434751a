import assert from "node:assert/strict";

/** In a process of its own, made a subreaper, which adopts orphans as PID 1 of a container does. */
const SUBREAPER = `
import { reapOrphans, spawnOwn } from "${new URL("../../lib/process/reap.ts", import.meta.url)}";
import { spawnGiven } from "${new URL("../../lib/process/given.ts", import.meta.url)}";
import { canGiveDescriptors } from "${new URL("../../lib/sys/descriptors.ts", import.meta.url)}";
const PR_SET_CHILD_SUBREAPER = 36;
const libc = Deno.dlopen("libc.so.6", {
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
});
if (libc.symbols.prctl(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n) !== 0) throw new Error("prctl");
const reaped = [];
const emit = ({ kind, pid, reason }) => {
  if (kind !== "orphan-reaped") throw new Error(reason);
  reaped.push(pid);
};
const stop = Deno.args[0] === "reap" ? reapOrphans(emit) : () => {};
const codes = [];
for (let i = 0; i < 5; i++) {
  const args = ["-c", "(sleep 0.2 & exec sleep 0.1) & exit " + i];
  // Both kinds of our own in turn.
  const child = i % 2 === 1 && canGiveDescriptors
    ? spawnGiven({ file: "/bin/sh", words: ["sh", ...args], environment: {} }, 0, "piped")
    : spawnOwn("/bin/sh", { args });
  codes.push((await child.status).code);
}
const zombies = () => [...Deno.readDirSync("/proc")].filter(({ name }) => {
  if (!/^[0-9]+$/.test(name)) return false;
  try {
    const stat = Deno.readTextFileSync("/proc/" + name + "/stat");
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" && Number(parent) === Deno.pid;
  } catch { return false; }
}).length;
const deadline = Date.now() + 20_000;
const settled = () => Deno.args[0] === "reap" ? reaped.length === 10 : zombies() === 10;
while (!settled() && Date.now() < deadline) await new Promise((done) => setTimeout(done, 20));
console.log(JSON.stringify({ codes, reaped: reaped.length, zombies: zombies() }));
stop();
`;

function run(mode: string) {
  const folder = Deno.makeTempDirSync();
  Deno.writeTextFileSync(`${folder}/subreaper.js`, SUBREAPER);
  const { stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-lock", "-A", `${folder}/subreaper.js`, mode],
  }).outputSync();
  Deno.removeSync(folder, { recursive: true });
  const text = new TextDecoder().decode(stdout);
  if (text === "") throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

Deno.test("`reapOrphans()` leaves no zombie of those adopted, and our own children to the runtime", () => {
  assert.deepEqual(run("leave"), { codes: [0, 1, 2, 3, 4], reaped: 0, zombies: 10 });
  assert.deepEqual(run("reap"), { codes: [0, 1, 2, 3, 4], reaped: 10, zombies: 0 });
});
