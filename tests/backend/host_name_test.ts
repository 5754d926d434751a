import assert from "node:assert/strict";
import { nameHosts } from "../../lib/backend/host_name.ts";
import { rendezvous } from "../../lib/backend/policies.ts";
import { execTarget } from "./setting.ts";

const SH = (argument: string) => execTarget(["/bin/sh", "-c", argument]);

Deno.test("`nameHosts()` shows addresses, and of commands the program alone, numbered", () => {
  const names = nameHosts([
    { transport: "tcp", hostname: "::1", port: 5900 },
    { transport: "unix", path: "/run/x" },
    SH("secret"),
    execTarget(["/bin/cat"]),
    SH("other"),
    SH("secret"),
  ]);
  assert.deepEqual(names.map(({ shown }) => shown), [
    "[::1]:5900",
    "unix:/run/x",
    "exec:/bin/sh",
    "exec:/bin/cat",
    "exec:/bin/sh#2",
    "exec:/bin/sh#3",
  ]);
});

Deno.test("`nameHosts()` gives every host an identity of its own, so that hashing uses them all", () => {
  const same = { transport: "tcp", hostname: "10.0.0.1", port: 1 } as const;
  const names = nameHosts([same, SH("a"), SH("b"), SH("a"), same]);
  assert.equal(new Set(names.map(({ identity }) => identity)).size, names.length);
  const up = names.map(({ identity }, index) => ({ index, identity, load: 0 }));
  const chosen = Array.from({ length: 200 }, (_, key) => rendezvous(up, `/path-${key}`)!.index);
  assert.deepEqual([...new Set(chosen)].sort(), [0, 1, 2, 3, 4]);
});

Deno.test("`nameHosts()` keeps a command's identity when the hosts around it change", () => {
  const [, before] = nameHosts([SH("a"), SH("b")]);
  const [after] = nameHosts([SH("b")]);
  assert.equal(before!.identity, after!.identity);
});
