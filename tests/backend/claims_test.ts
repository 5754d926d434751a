import assert from "node:assert/strict";
import { Claims } from "../../lib/backend/claims.ts";
import { processIdentity } from "../../lib/process/identity.ts";
import type { LaunchSettings } from "../../lib/process/supervisor.ts";

function settings(name: string): LaunchSettings {
  return {
    command: [name],
    environment: {},
    killSignal: "SIGTERM",
    onExit: "restart",
    handover: "none",
    listenBacklog: 8,
    startTimeoutMs: 1,
  };
}

const running = (name: string) => processIdentity(settings(name));

Deno.test("`Claims` give a proc to the hosts with the lowest number of it, and the first of them says how it runs", () => {
  const claims = new Claims<string>();
  assert.deepEqual([claims.size, claims.owners, claims.settings], [0, [], null]);
  claims.set("third", 2, settings("c"), "");
  assert.deepEqual(claims.owners, ["third"]);
  claims.set("one", 0, settings("a"), "");
  claims.set("other", 0, settings("b"), "");
  assert.deepEqual(claims.owners, ["one", "other"]);
  assert.deepEqual(claims.settings, settings("a"));
  assert.deepEqual(["third", "one", "other", "none"].map((host) => claims.isOwner(host)), [
    false,
    true,
    true,
    false,
  ]);
  claims.set("one", 0, settings("d"), "");
  assert.deepEqual(claims.settings, settings("d"), "it keeps its place");
  claims.delete("one");
  assert.deepEqual(claims.settings, settings("b"));
  claims.delete("other");
  assert.deepEqual(claims.owners, ["third"]);
});

Deno.test("`Claims` know a host's former program as long as that runs", () => {
  const claims = new Claims<string>();
  claims.set("host", 0, settings("a"), "");
  assert.ok(claims.knows("host", running("a")));
  assert.ok(!claims.knows("host", running("b")) && !claims.knows("none", running("a")));
  claims.set("host", 0, settings("b"), running("a"));
  claims.set("host", 0, settings("c"), running("a"));
  assert.deepEqual(["a", "b", "c"].map((name) => claims.knows("host", running(name))), [
    true,
    false,
    true,
  ]);
  claims.set("host", 0, settings("c"), running("c"));
  assert.ok(!claims.knows("host", running("a")));
});
