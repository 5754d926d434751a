import assert from "node:assert/strict";
import { childEnvironment, fillPlaceholders } from "../../lib/process/environment.ts";

const OURS = { PATH: "/bin", HOME: "/root", SECRET: "x" };

Deno.test("`childEnvironment()` passes all of ours, the configured and the told in rising order", () => {
  assert.deepEqual(childEnvironment(OURS, null, { HOME: "/srv", A: "1" }, { A: "2" }), {
    PATH: "/bin",
    HOME: "/srv",
    SECRET: "x",
    A: "2",
  });
});

Deno.test("`childEnvironment()` passes only the variables copied, and none that we lack", () => {
  assert.deepEqual(childEnvironment(OURS, ["PATH", "LANG", "toString"], { A: "1" }, {}), {
    PATH: "/bin",
    A: "1",
  });
  assert.deepEqual(childEnvironment(OURS, [], {}, {}), {});
});

for (
  const [text, expected] of [
    ["{socket}", "/run/s-0"],
    ["--listen={host}:{port}", "--listen=127.0.0.1:5900"],
    ["{id}{id}", "00"],
    ["{other} {} {so cket}", "{other} {} {so cket}"],
    ["{toString}", "{toString}"],
    ["{nested}", "{socket}"],
    ["$& {socket}", "$& /run/s-0"],
  ] as const
) {
  Deno.test(`\`fillPlaceholders()\` makes ${text} ${expected}`, () => {
    const values = {
      socket: "/run/s-0",
      host: "127.0.0.1",
      port: "5900",
      id: "0",
      nested: "{socket}",
    };
    assert.equal(fillPlaceholders(text, values), expected);
  });
}
