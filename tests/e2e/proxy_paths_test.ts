/**
 * Real proxies in front, each with a rule for paths: what a rule lets pass reaches the backend that the rule is about, and no
 * odd target reaches another.
 */
import assert from "node:assert/strict";
import { type Backend, serveBackend } from "../support/backends.ts";
import { installed, type Server, startServer } from "../support/installed.ts";
import type { Program } from "../support/program.ts";
import { type Random, withRandom } from "../support/random.ts";
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

/** One way to write a rule for paths, and the socket that it is had at. */
interface Way {
  readonly name: string;
  readonly socket: string;
  /** The keys that nobody may come to. */
  readonly shut: readonly string[];
  /** Whether it says what may pass, and not what may not. */
  readonly opens: boolean;
}

interface Proxy {
  readonly name: string;
  readonly package: string;
  start(folder: string, upstream: string): Promise<{ server: Server; ways: readonly Way[] }>;
}

/** The locations that let the open paths pass and nothing else. */
function opening(pass: (path: string) => string, slash = ""): string {
  const open = OPEN.map((path) => `location ${path}${slash} { ${pass(path)} }`);
  return [...open, "location / { return 403; }"].join("\n");
}

/** What a path that passes becomes: as it came, put together anew, or decoded. */
const NGINX_WAYS: readonly (readonly [name: string, server: string])[] = [
  ["as it came", opening(() => "proxy_pass http://us;")],
  ["with a path", opening((path) => `proxy_pass http://us${path};`)],
  ["with a path that ends in a slash", opening((path) => `proxy_pass http://us${path}/;`, "/")],
  ["decoded", opening(() => "proxy_pass http://us$uri$is_args$args;")],
  ["rewritten", opening((path) => `rewrite ^${path}(.*)$ ${path}$1 break; proxy_pass http://us;`)],
  ["slashes not merged", "merge_slashes off;" + opening(() => "proxy_pass http://us;")],
  [
    "shutting",
    "location /ssh { return 403; } location /admin { return 403; } location / { proxy_pass http://us; }",
  ],
];

const NGINX: Proxy = {
  name: "nginx",
  package: "nginx-light",
  async start(folder, upstream) {
    const ways = NGINX_WAYS.map(([name, server], at) => {
      const opens = name !== "shutting";
      const shut = opens ? SHUT : ["/ssh", "/admin"];
      return { name, server, opens, shut, socket: `${folder}/nginx-${at}.sock` };
    });
    const servers = ways.map(({ socket, server }) =>
      `server {
        listen unix:${socket};
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_set_header Host example.com;
        ${server}
      }`
    );
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/${name};`);
    const user = Deno.uid() === 0 ? "user root;" : "";
    await Deno.writeTextFile(
      `${folder}/nginx.conf`,
      `${user} daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr emerg;
      events {}
      http {
        access_log off; upstream us { server ${upstream}; }
        ${temporary.join(" ")}
        ${servers.join("\n")}
      }`,
    );
    const args = ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`];
    return {
      server: await startServer(installed("nginx")!, args, `unix:${ways[0]!.socket}`),
      ways,
    };
  },
};

const HAPROXY: Proxy = {
  name: "haproxy",
  package: "haproxy",
  async start(folder, upstream) {
    const ways = ["path_beg ", "path_reg ^"].map((rule, at) => ({
      name: rule,
      opens: true,
      shut: SHUT,
      socket: `${folder}/haproxy-${at}.sock`,
    }));
    const frontends = ways.map(({ name, socket }, at) =>
      `frontend f${at}
  bind unix@${socket}
${OPEN.map((path) => `  acl open ${name}${path}\n`).join("")}  http-request deny unless open
  default_backend us
`
    );
    await Deno.writeTextFile(
      `${folder}/haproxy.cfg`,
      `defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
${frontends.join("")}backend us
  server us ${upstream}
`,
    );
    const args = ["-db", "-f", `${folder}/haproxy.cfg`];
    return {
      server: await startServer(installed("haproxy")!, args, `unix:${ways[0]!.socket}`),
      ways,
    };
  },
};

/** What odd targets are made of. */
const PARTS = [
  ...[...OPEN, ...SHUT, ...SLASHES, ...DOTS, "/..", "/.", "..", "/", "/vnc", "/ssh", "/open", "in"],
  ...["%", "%2", "%25", "%3f", "%23", "?", "#", ";", "@", "%40", "%7e", "x", "%c3%bc", "http://h"],
];
const RANDOM_TARGETS = 150;

function makeTarget({ below, pick }: Random): string {
  const parts = Array.from({ length: 1 + below(7) }, () => pick(PARTS)).join("");
  return /^(?:\/|http)/.test(parts) ? parts : "/" + parts;
}

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
      fn: (t) => withRandom(t, (random) => assertRulesHold(proxy, engine, random)),
    });
  }
}

async function assertRulesHold(proxy: Proxy, engine: Engine, random: Random): Promise<void> {
  const folder = await Deno.makeTempDir();
  const named = [...OPEN, ...SHUT].map(openNamed);
  const tables = named.map(({ table }) => table).join("");
  const targets = [...TARGETS, ...Array.from({ length: RANDOM_TARGETS }, () => makeTarget(random))];
  let program: Program | null = null;
  let server: Server | null = null;
  try {
    program = await startWithFile(`engine = "${engine}"\n${tables}`);
    const started = await proxy.start(folder, program.address);
    server = started.server;
    const cameRound: string[] = [];
    for (const { name, socket, shut, opens } of started.ways) {
      for (const target of targets) {
        const where = await reached(socket, target);
        if (shut.includes(String(where))) cameRound.push(`${name}: ${target} -> ${where}`);
      }
      // The rules do let pass what they are about, and nothing else by its plain name.
      for (const path of OPEN) assert.equal(await reached(socket, `${path}/x?y`), path, name);
      for (const path of shut) assert.equal(await reached(socket, path), 403, name);
      assert.equal(await reached(socket, "/elsewhere"), opens ? 403 : "/", name);
    }
    assert.deepEqual(cameRound, []);
  } finally {
    await server?.[Symbol.asyncDispose]();
    await program?.[Symbol.asyncDispose]();
    for (const { backend } of named) await backend[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}
