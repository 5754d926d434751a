import assert from "node:assert/strict";
import { dial } from "../../lib/backend/dial.ts";
import { socketCount } from "../support/processes.ts";
import { listen, until } from "./setting.ts";

Deno.test({
  name: "`dial()` closes what connects in the turn in which it is aborted",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const backend = listen();
    if (backend.address.transport !== "tcp") throw new Error("tcp");
    for (const hostname of ["127.0.0.1", "localhost"]) {
      const address = { ...backend.address, hostname };
      const dialAndAbort = async (busyMs: number): Promise<string> => {
        const aborter = new AbortController();
        const dialled = dial(address, { timeoutMs: 60_000, signal: aborter.signal });
        setTimeout(() => {
          // By the end of it the system has connected it, and the runtime can't have told yet.
          for (const since = performance.now(); performance.now() - since < busyMs;);
          aborter.abort();
        }, 0);
        const result = await dialled;
        if (!result.ok) return result.kind;
        result.connection.close();
        return "ok";
      };
      await dialAndAbort(0);
      const kinds = new Set<string>();
      const before = socketCount(Deno.pid);
      for (let round = 0; round < 30; round++) {
        const dials = Array.from({ length: 10 }, (_, index) => dialAndAbort(index * 0.2));
        for (const kind of await Promise.all(dials)) kinds.add(kind);
      }
      for (const kind of kinds) assert.ok(["ok", "aborted"].includes(kind), kind);
      await until("no socket is left", () => socketCount(Deno.pid) <= before);
    }
    backend.close();
  },
});
