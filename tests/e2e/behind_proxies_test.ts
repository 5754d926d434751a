/** Real proxies in front, by each way that they have to name their client; what a client says of itself is not believed by any. */
import assert from "node:assert/strict";
import { echo, freePort, serveBackend } from "../support/backends.ts";
import { installed, type Server, startServer } from "../support/installed.ts";
import { NO_NGINX_STREAM } from "../support/nginx_stream.ts";
import { Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { type Engine, ENGINES } from "./engine_limits.ts";
import { startFor, text } from "./whole.ts";

/** What a client says of itself. */
const FORGED = {
  "X-Forwarded-For": "203.0.113.6",
  "X-Real-IP": "203.0.113.6",
  "Forwarded": 'for=203.0.113.6;by="',
};

/** One way to be in front; clients come by IPv6, and the proxy by IPv4, so that one isn't taken for the other. */
interface Way {
  readonly name: string;
  readonly program: "nginx" | "haproxy" | "caddy";
  /** Lines of the program's own configuration at the top. */
  readonly top?: string;
  /** Whether the listener takes the PROXY protocol. */
  readonly proxied?: true;
  /** Whether the client's port is named as well. */
  readonly port?: true;
  /** Writes the proxy's configuration; gives its arguments. */
  prepare(folder: string, front: number, upstream: string): Promise<string[]>;
}

function nginxHttp(name: string, line: string, top = ""): Way {
  return {
    name: `nginx, ${name}`,
    program: "nginx",
    top,
    prepare: (folder, front, upstream) =>
      writeNginx(
        folder,
        `http { access_log off; ${TEMPORARY(folder)} server {
          listen [::1]:${front};
          location / {
            proxy_pass http://${upstream};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            ${line}
          } } }`,
      ),
  };
}

const TEMPORARY = (folder: string) =>
  ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");

async function writeNginx(folder: string, body: string, top = ""): Promise<string[]> {
  const user = Deno.uid() === 0 ? "user root;" : "";
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `${top} ${user} daemon off; master_process off; pid ${folder}/nginx.pid; events {} ${body}`,
  );
  return ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`];
}

function haproxy(name: string, mode: "http" | "tcp", server: string, more: Partial<Way> = {}): Way {
  return {
    name: `HAProxy, ${name}`,
    program: "haproxy",
    ...more,
    async prepare(folder, front, upstream) {
      const [option, words = ""] = server.split(";") as [string, string?];
      await Deno.writeTextFile(
        `${folder}/haproxy.cfg`,
        `defaults
  mode ${mode}
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend front
  bind [::1]:${front}
  default_backend us
backend us
  ${option}
  server us ${upstream} ${words}
`,
      );
      return ["-db", "-f", `${folder}/haproxy.cfg`];
    },
  };
}

const PROXIED = { proxied: true, port: true } as const;

const WAYS: readonly Way[] = [
  nginxHttp(
    "X-Forwarded-For in place of the client's",
    "proxy_set_header X-Forwarded-For $remote_addr;",
  ),
  nginxHttp(
    "$proxy_add_x_forwarded_for",
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
  ),
  nginxHttp(
    "X-Real-IP",
    "proxy_set_header X-Real-IP $remote_addr;",
    'forwarded-header = "x-real-ip"',
  ),
  nginxHttp(
    "Forwarded",
    `proxy_set_header Forwarded '$http_forwarded, for="[$remote_addr]:$remote_port"';`,
    'forwarded-header = "forwarded"',
  ),
  {
    name: "nginx, proxy_protocol of a stream",
    program: "nginx",
    ...PROXIED,
    prepare: (folder, front, upstream) =>
      writeNginx(
        folder,
        `stream { server { listen [::1]:${front}; proxy_pass ${upstream}; proxy_protocol on; } }`,
        "load_module /usr/lib/nginx/modules/ngx_stream_module.so;",
      ),
  },
  haproxy("option forwardfor", "http", "option forwardfor"),
  haproxy("send-proxy", "tcp", ";send-proxy", PROXIED),
  haproxy(
    "send-proxy-v2 with options and checks",
    "tcp",
    "option tcp-check;send-proxy-v2 proxy-v2-options unique-id,crc32c check check-send-proxy inter 200ms",
    PROXIED,
  ),
  haproxy(
    "send-proxy-v2 before HTTP",
    "http",
    "option httpchk GET /healthz;send-proxy-v2 check inter 200ms",
    PROXIED,
  ),
  {
    name: "Caddy",
    program: "caddy",
    async prepare(folder, front, upstream) {
      await Deno.writeTextFile(
        `${folder}/Caddyfile`,
        `{
          admin off
          auto_https off
          storage file_system ${folder}
        }
        http://:${front} {
          bind ::1
          reverse_proxy ${upstream}
        }`,
      );
      return ["run", "--adapter", "caddyfile", "--config", `${folder}/Caddyfile`];
    },
  },
];

const [FIRST] = ENGINES;

for (const engine of ENGINES) {
  for (const way of WAYS) {
    // The stream engine carries a listener with the PROXY protocol, whichever is asked for.
    if (way.proxied && engine !== FIRST) continue;
    const missing = whyMissing(way);
    Deno.test({
      name: `${engine}: ${way.name}: the client is who connected to the proxy, whatever it says` +
        (missing === null ? "" : ` (skipped: ${missing})`),
      ignore: missing !== null,
      fn: () => assertNamed(engine, way),
    });
  }
}

function whyMissing({ program, name }: Way): string | null {
  if (name.includes("stream")) return NO_NGINX_STREAM;
  return installed(program) === null ? `${program} is not installed` : null;
}

async function assertNamed(engine: Engine, way: Way): Promise<void> {
  const folder = await Deno.makeTempDir();
  await using backend = serveBackend(echo);
  const proxyProtocol = way.proxied ? "required" : "off";
  await using program = await startFor(engine, backend.address, {
    top: `
listen = { address = "127.0.0.1:0", proxy-protocol = "${proxyProtocol}" }
trusted-proxies = ["127.0.0.1"]
${way.top ?? ""}`,
    wstunnel: 'frame-type = "binary"\nallow-clients = ["::1"]',
    listen: [],
    listeners: 1,
  });
  const front = freePort();
  let server: Server | null = null;
  try {
    const args = await way.prepare(folder, front, program.address);
    server = await startServer(installed(way.program)!, args, `[::1]:${front}`);
    for (const [at, fields] of [{}, FORGED].entries()) {
      using client = await openTunnel(`[::1]:${front}`, "/", fields);
      await client.send(Opcode.BINARY, "hello");
      assert.equal(text(await client.payload(5)), "hello");
      const told = await program.entry("tunnel opened", at + 1);
      const named = way.port ? `[::1]:${portOf(client)}` : "::1";
      // nginx's line names a port as well.
      const expected = way.top?.includes('"forwarded"') ? `[::1]:${portOf(client)}` : named;
      assert.equal(told.client, expected);
      assert.match(String(told.via), /^127\.0\.0\.1:\d+$/);
    }
    assert.deepEqual(program.entries("connection ended"), []);
    assert.deepEqual(program.entries("request refused"), []);
  } finally {
    await server?.[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}

function portOf({ connection }: RawClient): number {
  return (connection.localAddr as Deno.NetAddr).port;
}

/** Each proxy adds whom it sees, and the client before them all has said that it is another one, who is trusted. */
const CHAINS = [
  { name: "HAProxy and nginx", outer: findWay("HAProxy, option forwardfor"), forged: "127.0.0.1" },
  { name: "Caddy and nginx", outer: findWay("Caddy"), forged: "203.0.113.6, 127.0.0.1" },
  { name: "two nginx", outer: findWay("nginx, $proxy_add_x_forwarded_for"), forged: "127.0.0.9" },
];

function findWay(name: string): Way {
  const way = WAYS.find((one) => one.name === name);
  assert.ok(way, name);
  return way;
}

for (const engine of ENGINES) {
  for (const { name, outer, forged } of CHAINS) {
    const inner = findWay("nginx, $proxy_add_x_forwarded_for");
    const missing = whyMissing(outer) ?? whyMissing(inner);
    Deno.test({
      name: `${engine}: behind ${name}, both trusted, the client is who connected to the first` +
        (missing === null ? "" : ` (skipped: ${missing})`),
      ignore: missing !== null,
      async fn() {
        const folders = [await Deno.makeTempDir(), await Deno.makeTempDir()] as const;
        const servers: Server[] = [];
        await using backend = serveBackend(echo);
        await using program = await startFor(engine, backend.address, {
          top: 'trusted-proxies = ["127.0.0.0/8"]',
          wstunnel: 'frame-type = "binary"',
        });
        const [middle, front] = [freePort(), freePort()];
        try {
          // The inner one listens by IPv4 as well, so that the outer one is seen to come by it.
          const args = await inner.prepare(folders[0], middle, program.address);
          const file = `${folders[0]}/nginx.conf`;
          const text = (await Deno.readTextFile(file)).replace("[::1]", "127.0.0.1");
          await Deno.writeTextFile(file, text);
          servers.push(await startServer(installed("nginx")!, args, `127.0.0.1:${middle}`));
          const outerArgs = await outer.prepare(folders[1], front, `127.0.0.1:${middle}`);
          const path = installed(outer.program)!;
          servers.push(await startServer(path, outerArgs, `[::1]:${front}`));
          for (const [at, fields] of [{}, { "X-Forwarded-For": forged }].entries()) {
            using _client = await openTunnel(`[::1]:${front}`, "/", fields);
            const { client } = await program.entry("tunnel opened", at + 1);
            assert.equal(client, "::1");
          }
        } finally {
          for (const server of servers.toReversed()) await server[Symbol.asyncDispose]();
          for (const folder of folders) await Deno.remove(folder, { recursive: true });
        }
      },
    });
  }
}
