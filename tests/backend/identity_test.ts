import assert from "node:assert/strict";
import { hostIdentities } from "../../lib/backend/identity.ts";
import type { HostConfig } from "../../lib/config/config.ts";
import { processIdentity } from "../../lib/process/identity.ts";
import { execTarget, hostConfig, programConfig } from "./setting.ts";

const AT = { transport: "tcp", hostname: "127.0.0.1", port: 5900 } as const;
const PROGRAM = programConfig(["/bin/vncd"]);

function identity(host: HostConfig, key = "/"): string {
  return hostIdentities({ key, hosts: [host] })[0]!;
}

const fixed = hostConfig(AT);
const program = hostConfig(AT, { program: PROGRAM });
const exec = hostConfig(execTarget(["/bin/cat"], { environment: { A: "1", B: "2" } }));

const HOSTS: readonly (readonly [what: string, HostConfig, HostConfig, same: boolean])[] = [
  ["an address and other times", fixed, { ...fixed, readTimeoutMs: 5, disableTimeMs: 9 }, true],
  ["an address and another port", fixed, hostConfig({ ...AT, port: 5901 }), false],
  ["an address and a program there", fixed, program, false],
  [
    "a program and another command, which is the process's",
    program,
    hostConfig(AT, { program: programConfig(["/bin/other"], { maxProcs: 9 }) }),
    true,
  ],
  ["a program and another address", program, { ...program, target: { ...AT, port: 1 } }, false],
  [
    "a program for each tunnel and other numbers, times and signals",
    exec,
    hostConfig(
      execTarget(["/bin/cat"], {
        environment: { B: "2", A: "1" },
        maxProcs: 1,
        maxProcsPerClient: 1,
        killSignal: "SIGINT",
      }),
      { readTimeoutMs: 5 },
    ),
    true,
  ],
  ["a program for each tunnel and another argument", exec, {
    ...exec,
    target: execTarget(["/bin/cat", "-u"], { environment: { A: "1", B: "2" } }),
  }, false],
  ["a program for each tunnel and another variable", exec, {
    ...exec,
    target: execTarget(["/bin/cat"], { environment: { A: "1", B: "3" } }),
  }, false],
  ["a program for each tunnel and other variables passed on", exec, {
    ...exec,
    target: execTarget(["/bin/cat"], {
      environment: { A: "1", B: "2" },
      copyEnvironment: ["PATH"],
    }),
  }, false],
];

for (const [what, one, other, same] of HOSTS) {
  Deno.test(`\`hostIdentities()\` ${same ? "are the same" : "differ"} for ${what}`, () => {
    assert.equal(identity(one) === identity(other), same);
  });
}

Deno.test("`hostIdentities()` differ from route to route, and for a host that stands there twice", () => {
  assert.notEqual(identity(fixed, "/a"), identity(fixed, "/b"));
  const [first, second, third] = hostIdentities({ key: "/", hosts: [fixed, program, fixed] });
  assert.equal(new Set([first, second, third]).size, 3);
  const moved = hostIdentities({ key: "/", hosts: [program, fixed, fixed] });
  assert.deepEqual(moved, [second, first, third], "whatever their order");
});

Deno.test("`processIdentity()` is the command, the environment, the handover, and with one the backlog", () => {
  const base = {
    command: ["/bin/vncd"],
    environment: { A: "1", B: "2" },
    handover: "none",
    listenBacklog: 8,
  } as const;
  const same = processIdentity(base);
  assert.equal(processIdentity({ ...base, environment: { B: "2", A: "1" } }), same);
  assert.equal(processIdentity({ ...base, listenBacklog: 9 }), same);
  const changes = [
    { command: ["/bin/vncd", ""] },
    { environment: { A: "1" } },
    { handover: "stdin" },
    { handover: "listen-fds" },
  ] as const;
  const others = changes.map((change) => processIdentity({ ...base, ...change }));
  assert.equal(new Set([same, ...others]).size, 5);
  const handed = { ...base, handover: "stdin" } as const;
  assert.notEqual(processIdentity(handed), processIdentity({ ...handed, listenBacklog: 9 }));
});
