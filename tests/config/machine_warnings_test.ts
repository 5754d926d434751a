import assert from "node:assert/strict";
import type { Kind, Machine } from "../../lib/config/machine.ts";
import { findMachineWarnings } from "../../lib/config/machine_warnings.ts";
import { formatPath } from "../../lib/config/problem.ts";

const THERE: Readonly<Record<string, Kind>> = {
  "/": "folder",
  "/run": "folder",
  "/bin": "folder",
  "/bin/cat": "program",
  "/opt/cat2": "program",
  "./here": "program",
  "/etc/passwd": "file",
  "/root/bin": "hidden",
  "/root/bin/cat3": "hidden",
};

const MACHINE: Machine = {
  searchPath: "/sbin:/bin:",
  appendProblem: () => null,
  kindOf: (path) => THERE[path] ?? null,
  hasAccount: (kind, name) => `${kind} ${name}` === "group www-data",
  read: () => ({ problem: "is not there" }),
  isReadByAll: () => false,
  realPath: (path) => path.replace(/^\/link\//, "/srv/"),
};

function warned(raw: Record<string, unknown>): string[] {
  return findMachineWarnings(raw, MACHINE).map(({ path, rule }) => `${formatPath(path)}: ${rule}`);
}

/** Tables of a host, and what is said of them, without their place. */
const HOSTS: [host: Record<string, unknown>, ...said: string[]][] = [
  [{ exec: "cat -n" }],
  [{ exec: "/bin/cat" }],
  [{ exec: "here" }],
  [{ exec: ["dog", "secret"] }, 'exec: there is no program "dog" on its PATH'],
  [{ exec: "/bin/dog secret" }, 'exec: there is no program "/bin/dog"'],
  [{ exec: "/etc/passwd" }, 'exec: "/etc/passwd" is not executable'],
  [{ exec: "/bin" }, 'exec: "/bin" is not executable'],
  [{ exec: "/root/bin/cat3" }],
  [{ socket: "/root/bin/a.sock" }],
  [
    { exec: "cat3", "bin-environment": { PATH: "/root/bin" } },
    'exec: there is no program "cat3" on its PATH',
  ],
  [{ exec: "cat2" }, 'exec: there is no program "cat2" on its PATH'],
  [{ exec: "cat2", "bin-environment": { PATH: "/opt" } }],
  [
    { exec: "cat", "bin-environment": { PATH: "/opt" } },
    'exec: there is no program "cat" on its PATH',
  ],
  [{ exec: "cat", "bin-environment": { PATH: "" } }, 'exec: there is no program "cat" on its PATH'],
  // One that gets no PATH is found by ours.
  [{ exec: "cat", "bin-copy-environment": [] }],
  [{ port: 1, "bin-path": "dog {port}" }, 'bin-path: there is no program "dog" on its PATH'],
  [{ port: 1, "bin-path": "dog-{id}" }],
  [{ socket: "/run/a.sock" }],
  [{ socket: "/a.sock" }],
  [{ socket: "@/nowhere/a" }],
  [{ socket: "/nowhere/a.sock" }, 'socket: there is no folder "/nowhere" for the socket'],
  [{ socket: "/bin/cat/a" }, 'socket: there is no folder "/bin/cat" for the socket'],
  [{ host: "/nowhere/b/a.sock" }, 'host: there is no folder "/nowhere/b" for the socket'],
  [{ host: "nowhere", port: 1 }],
];

Deno.test("`findMachineWarnings()` names the programs and folders that aren't there", () => {
  for (const [host, ...said] of HOSTS) {
    const place = 'wstunnel.server."/a"[0].';
    assert.deepEqual(
      warned({ wstunnel: { server: { "/a": [host] } } }),
      said.map((one) => place + one),
      JSON.stringify(host),
    );
  }
});

Deno.test("`findMachineWarnings()` names what a listener's socket needs and the machine hasn't", () => {
  assert.deepEqual(
    warned({
      listen: [
        "unix:/run/a",
        "unix:/nowhere/a",
        "unix:@nowhere/a",
        ":1",
        { address: "unix:/nowhere/b", owner: "nobody", group: "www-data" },
        { address: "unix:/run/b", group: "www" },
      ],
    }),
    [
      'listen[1]: there is no folder "/nowhere" for the socket',
      'listen[4].address: there is no folder "/nowhere" for the socket',
      'listen[4].owner: there is no user "nobody" in /etc/passwd',
      'listen[5].group: there is no group "www" in /etc/group',
    ],
  );
});

Deno.test("`findMachineWarnings()` names secrets that are sent to whoever asks for files", () => {
  const server = (hosts: unknown) => ({ wstunnel: { server: { "/a": hosts } } });
  const pair = (key: string) => ({ listen: [{ address: ":1", tls: { cert: "/srv/c.pem", key } }] });
  const sent = (file: string, root = "/srv") =>
    `"${file}" is sent to whoever may have files: it is in "${root}", which is web's`;
  const sentKey = (file: string, root?: string) => `listen[0].tls.key: ${sent(file, root)}`;
  const cases: [raw: Record<string, unknown>, ...said: string[]][] = [
    [{ web: "/srv", ...pair("/srv/k.pem") }, sentKey("/srv/k.pem")],
    [{ web: "/link/", ...pair("/srv/a/k.pem") }, sentKey("/srv/a/k.pem", "/link/")],
    [{ web: "/", ...pair("/etc/k.pem") }, sentKey("/etc/k.pem", "/")],
    [{ web: "/srv", ...pair("/srv/.keys/k.pem") }],
    [{ web: "/srv", ...pair("/srv2/k.pem") }],
    [{ web: "/srv", ...pair("/link/.k.pem") }],
    [pair("/srv/k.pem")],
    [
      { web: { root: "/srv", auth: { basic: "/srv/users" } }, "admin-token-file": "/srv/t" },
      `admin-token-file: ${sent("/srv/t")}`,
      `web.auth.basic: ${sent("/srv/users")}`,
    ],
    [
      server({ web: "/srv", targets: { file: "/srv/tokens" } }),
      'wstunnel.server."/a".targets.file: "/srv/tokens" isn\'t there',
      `wstunnel.server."/a".targets.file: ${sent("/srv/tokens")}`,
    ],
    [
      { web: "/srv", ...server([{ port: 1, tls: { key: "/srv/k" } }]) },
      `wstunnel.server."/a"[0].tls.key: ${sent("/srv/k")}`,
    ],
  ];
  for (const [raw, ...said] of cases) {
    assert.deepEqual(warned(raw).toSorted(), said.toSorted(), JSON.stringify(raw));
  }
});
