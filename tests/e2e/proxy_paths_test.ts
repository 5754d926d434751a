/**
 * Real proxies in front, each with a rule for paths: what a rule lets pass reaches the backend that the rule is about, and no
 * odd target reaches another.
 */
import assert from "node:assert/strict";
import { type Backend, serveBackend } from "../support/backends.ts";
import { installed, type Server, startServer } from "../support/installed.ts";
import type { Program } from "../support/program.ts";
import { handshake, openRaw } from "../support/raw_client.ts";
import { type Engine, ENGINES } from "./engine_limits.ts";
import { hostLines, startWithFile, text } from "./whole.ts";

/** The paths that the proxies let pass, and the keys behind which nobody may come; in the order of the file. */
const OPEN = ["/vnc", "/open/in", "/open/@in"];
const SHUT = ["/ssh", "/admin", "/open", "/"];

const SLASHES = ["/", "//", "\\", "%2f", "%2F", "%5c", "%5C", "%c0%af", "%e0%80%af", "%252f", ";/"];
const DOTS = [
  ...["..", "%2e%2e", "%2E.", ".%2e", ".", "%2e", "...", "%252e%252e", "%c0%ae%c0%ae"],
  ...["..;", "..;x=1", "..%3b", ".;", "..%00", "..%20", "..%09", "..%3f", "..%23", "..%0d%0a"],
];

const TARGETS: readonly string[] = [
  ...["/vnc", "/vnc/", "/vnc/deep?token=a", "/%76nc", "/%56nc", "/open/in", "/open/@in/x"],
  ...SLASHES.flatMap((slash) => [
    `/vnc/..${slash}ssh`,
    `/vnc${slash}..${slash}ssh`,
    `/vnc${slash}..${slash}..${slash}ssh`,
    `/public/x${slash}..${slash}..${slash}admin`,
    `${slash}ssh`,
    `/${slash}ssh`,
    `/${slash}vnc`,
    `/ssh${slash}..${slash}vnc`,
    `/open${slash}in`,
    `/open/${slash}in`,
    `/open/x${slash}..${slash}in`,
  ]),
  ...DOTS.flatMap((dots) => [
    `/vnc/${dots}/ssh`,
    `/vnc/x/${dots}/${dots}/ssh`,
    `/vnc${dots}/ssh`,
    `/vnc/${dots}`,
    `/ssh/${dots}/vnc`,
    `/ssh?/${dots}/vnc`,
    `/ssh%3f/${dots}/vnc`,
    `/open/${dots}/in`,
    `/open/x/${dots}/in`,
    `/${dots}/open/in`,
  ]),
  ...["/vnc?/../ssh", "/vnc%3f/../ssh", "/ssh?/vnc", "/ssh#/vnc", "/vnc#/../ssh", "/ssh%23/../vnc"],
  ...["/open/%69n", "/o%70en/in", "/open;x/in", "/open/%40in", "/open%20/in", "/open/@%69n"],
  ...["/vnc%", "/vnc%2", "/vnc%zz", "/%zz/../vnc", "/vnc%fc", "/vnc%00", "/vnc%0a", "/vnc%7f"],
  ...["/vnc%u002f..%u002fssh", "/ssh%00/../vnc", "/ssh/%2e%2e/vnc", "/ssh;/../vnc", "/vnc;/../ssh"],
  ...["http://h/vnc", "http://h/vnc/../ssh", "http://h/vnc\\..\\ssh", "http://h/ssh", "http://h"],
  ...["http://h?/vnc", "http://h/ssh?/vnc", "http://h/ssh#/vnc", "http://h#/vnc", "http:///vnc"],
  ...["http://h\\/vnc", "http://h\\@x/vnc", "http://u@h/vnc", "http://vnc/ssh", "http://h//ssh"],
  ...[
    "ws://h/vnc",
    "ws://h?/vnc",
    "https://h/ssh/../vnc",
    "//vnc",
    "///vnc",
    "//h/vnc",
    "*",
    "vnc",
  ],
];

/** A proxy that lets the open paths pass; one socket for each way to write that. */
interface Proxy {
  readonly name: string;
  readonly package: string;
  start(folder: string, upstream: string): Promise<{ server: Server; sockets: string[] }>;
}

/** Each is what stands in a `location`: the request passed on as it came, rewritten, or decoded. */
const NGINX_WAYS: readonly ((path: string) => string)[] = [
  () => "proxy_pass http://us;",
  (path) => `proxy_pass http://us${path};`,
  () => "proxy_pass http://us$uri$is_args$args;",
  () => "proxy_pass http://us; merge_slashes off;",
];

const NGINX: Proxy = {
  name: "nginx",
  package: "nginx-light",
  async start(folder, upstream) {
    const sockets = NGINX_WAYS.map((_, at) => `${folder}/nginx-${at}.sock`);
    const servers = NGINX_WAYS.map((way, at) => {
      const ways = OPEN.map((path) => {
        const [pass, rest = ""] = way(path).split("; ");
        return { rest, location: `location ${path} { ${pass}${rest === "" ? "" : ";"} }` };
      });
      return `server {
        listen unix:${sockets[at]}; ${ways[0]!.rest}
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_set_header Host example.com;
        ${ways.map(({ location }) => location).join("\n")}
        location / { return 403; }
      }`;
    });
    const user = Deno.uid() === 0 ? "user root;" : "";
    await Deno.writeTextFile(
      `${folder}/nginx.conf`,
      `${user} daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr emerg;
      events {}
      http {
        access_log off; upstream us { server ${upstream}; }
        ${
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
          .map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")
      }
        ${servers.join("\n")}
      }`,
    );
    const args = ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`];
    return { server: await startServer(installed("nginx")!, args, `unix:${sockets[0]}`), sockets };
  },
};

const HAPROXY: Proxy = {
  name: "haproxy",
  package: "haproxy",
  async start(folder, upstream) {
    const rules = OPEN.map((path) => [`path_beg ${path}`, `path_reg ^${path}`]);
    const sockets = ["beg", "reg"].map((kind) => `${folder}/haproxy-${kind}.sock`);
    await Deno.writeTextFile(
      `${folder}/haproxy.cfg`,
      `global
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
` + sockets.map((socket, at) =>
        `frontend f${at}
  bind unix@${socket}
${rules.map((rule) => `  acl open ${rule[at]}\n`).join("")}  http-request deny unless open
  default_backend us
`
      ).join("") + `backend us
  server us ${upstream}
`,
    );
    const args = ["-db", "-f", `${folder}/haproxy.cfg`];
    return {
      server: await startServer(installed("haproxy")!, args, `unix:${sockets[0]}`),
      sockets,
    };
  },
};

/** A backend that says which it is, and the tables that lead to it. */
function openNamed(key: string): { backend: Backend; table: string } {
  const backend = serveBackend(async ({ write, reader }) => {
    await write(key);
    while (await reader.some("the end") !== null);
  });
  const table = `[[wstunnel.server.${JSON.stringify(key)}]]\n${hostLines(backend.address)}\n`;
  return { backend, table };
}

/** The key whose backend a target led to, or the status. */
async function reached(socket: string, target: string): Promise<string | number> {
  using client = await openRaw(`unix:${socket}`);
  await client.write(handshake(target));
  const { status } = await client.head();
  return status === 101 ? text(await client.message()) : status;
}

for (const proxy of [NGINX, HAPROXY]) {
  const missing = installed(proxy.name) === null;
  for (const engine of ENGINES) {
    Deno.test({
      name: `${engine}: no odd target comes round a path rule of ${proxy.name}` +
        (missing ? ` (skipped: ${proxy.package} is not installed)` : ""),
      ignore: missing,
      fn: () => assertRulesHold(proxy, engine),
    });
  }
}

async function assertRulesHold(proxy: Proxy, engine: Engine): Promise<void> {
  const folder = await Deno.makeTempDir();
  const named = [...OPEN, ...SHUT].map(openNamed);
  const configuration = `engine = "${engine}"\n[wstunnel]\n${
    named.map(({ table }) => table).join("")
  }`;
  let program: Program | null = null;
  let server: Server | null = null;
  try {
    program = await startWithFile(configuration);
    const started = await proxy.start(folder, program.address);
    server = started.server;
    const passedRound: string[] = [];
    for (const [way, socket] of started.sockets.entries()) {
      const found = new Map<string, string | number>();
      for (const target of TARGETS) found.set(target, await reached(socket, target));
      for (const [target, where] of found) {
        if (SHUT.includes(String(where))) passedRound.push(`way ${way}: ${target} -> ${where}`);
      }
      // The rules do let pass what they are about.
      for (const path of OPEN) assert.equal(await reached(socket, `${path}/x?y`), path, `${way}`);
      assert.equal(found.get("/vnc/deep?token=a"), "/vnc");
      assert.equal(found.get("/open/@in/x"), "/open/@in");
    }
    assert.deepEqual(passedRound, []);
  } finally {
    await server?.[Symbol.asyncDispose]();
    await program?.[Symbol.asyncDispose]();
    for (const { backend } of named) await backend[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}
