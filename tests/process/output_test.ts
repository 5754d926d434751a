import assert from "node:assert/strict";
import { createOutput } from "../../lib/process/output.ts";
import { keptLog } from "../backend/setting.ts";

const names = () => ({ program: "p", pid: 7 });

Deno.test("`createOutput()` logs a burst, tells of the rest by its number, and keeps the last lines", () => {
  const { events, lines } = keptLog();
  const output = createOutput(events, names);
  const sink = output.sink("stderr");
  assert.ok(sink.wantsAll());
  for (let at = 0; at < 1000; at++) sink.line(`line ${at}`);
  assert.equal(sink.wantsAll(), false);
  sink.skipped(5000);
  output.end();
  const said = lines.filter(({ message }) => message === "output");
  assert.ok(said.length >= 200 && said.length < 300, `${said.length}`);
  assert.deepEqual(said[0]!.fields, { program: "p", pid: 7, stream: "stderr", line: "line 0" });
  const [left, ...more] = lines.filter(({ message }) => message === "output left out");
  assert.deepEqual(left!.fields, { program: "p", pid: 7, lines: 6000 - said.length });
  assert.deepEqual(more, []);
  assert.deepEqual(output.tail, [995, 996, 997, 998, 999].map((at) => `line ${at}`));
});

Deno.test("`createOutput()` counts empty lines and logs none", () => {
  const { events, lines } = keptLog();
  const output = createOutput(events, names);
  const sink = output.sink("stdout");
  for (let at = 0; at < 1000; at++) sink.line("");
  assert.equal(sink.wantsAll(), false);
  output.end();
  assert.deepEqual(lines.map(({ message }) => message), ["output left out"]);
  assert.deepEqual(output.tail, []);
});

Deno.test("`createOutput()` costs nothing where lines of information are not written, and keeps the last lines", () => {
  const { events, lines } = keptLog("warning");
  const output = createOutput(events, names);
  const sink = output.sink("stderr");
  assert.equal(sink.wantsAll(), false);
  sink.line("why");
  sink.skipped(10);
  output.end();
  assert.deepEqual(lines, []);
  assert.deepEqual(output.tail, ["why"]);
});
