/** The recipes of the README for proxies in front, each run as it stands there: TLS and the rule are the proxy's. */
import assert from "node:assert/strict";
import { echo, freePort, serveBackend } from "../support/backends.ts";
import { fill, recipe } from "./readme.ts";
import { type Shell, testRecipe } from "./shell.ts";

interface Proxy {
  readonly name: string;
  readonly program: string;
  /** Writes its configuration, which listens at a port and leads to one; gives the line that starts it. */
  prepare(folder: string, port: number, upstream: number): Promise<string>;
}

/** In place of 90 s and of Pings every 30 s, so that a test can sit them out. */
const TIMEOUT = "1500ms";
const PING_INTERVAL = "0.5";

const NGINX: Proxy = {
  name: "nginx",
  program: "nginx",
  async prepare(folder, port, upstream) {
    const server = fill(recipe("Behind nginx", "nginx"), {
      "listen 443": `listen 127.0.0.1:${port}`,
      "/etc/ssl": folder,
      "127.0.0.1:8080": `127.0.0.1:${upstream}`,
      "90s": TIMEOUT,
    });
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/${name};`);
    const user = Deno.uid() === 0 ? "user root;" : "";
    await Deno.writeTextFile(
      `${folder}/nginx.conf`,
      `${user} daemon off; master_process off; pid ${folder}/nginx.pid; events {}
      http { access_log off; ${temporary.join(" ")} ${server} }`,
    );
    return `nginx -p ${folder} -e stderr -c ${folder}/nginx.conf`;
  },
};

const HAPROXY: Proxy = {
  name: "HAProxy",
  program: "haproxy",
  async prepare(folder, port, upstream) {
    const pem = ["crt", "key"].map((kind) => Deno.readTextFileSync(`${folder}/tunnel.${kind}`));
    await Deno.writeTextFile(`${folder}/tunnel.pem`, pem.join(""));
    const whole = fill(recipe("Behind HAProxy", "haproxy"), {
      "bind :443": `bind 127.0.0.1:${port}`,
      "/etc/haproxy": folder,
      "127.0.0.1:8080": `127.0.0.1:${upstream}`,
      "90s": TIMEOUT,
    });
    await Deno.writeTextFile(`${folder}/haproxy.cfg`, whole);
    return "haproxy -db -f haproxy.cfg";
  },
};

const CADDY: Proxy = {
  name: "Caddy",
  program: "caddy",
  async prepare(folder, port, upstream) {
    const site = fill(recipe("Behind Caddy", "caddyfile"), {
      // Ours, since no certificate can be fetched here.
      "tunnel.example.com {":
        `https://localhost:${port} {\nbind 127.0.0.1\ntls ${folder}/tunnel.crt ${folder}/tunnel.key`,
      "127.0.0.1:8080": `127.0.0.1:${upstream}`,
    });
    const top = `{\nadmin off\nauto_https disable_redirects\nstorage file_system ${folder}\n}\n`;
    await Deno.writeTextFile(`${folder}/Caddyfile`, top + site);
    return `HOME=${folder} caddy run --config Caddyfile`;
  },
};

for (const proxy of [NGINX, HAPROXY, CADDY]) {
  testRecipe(
    `the recipe for ${proxy.name} passes on by TLS what is served, alone, and longer than its timeout`,
    [proxy.program, "openssl"],
    (shell) => assertPassedOn(proxy, shell),
  );
}

async function assertPassedOn(proxy: Proxy, shell: Shell): Promise<void> {
  const { folder, port } = shell;
  await using backend = serveBackend(echo);
  const server = fill(recipe("Behind nginx", "sh"), {
    "127.0.0.1:22": backend.address,
    "--ping-interval 30": `--ping-interval ${PING_INTERVAL}`,
  });
  await shell.start(server, `127.0.0.1:${port}`);
  const made = await shell.run(
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 " +
      "-subj /CN=localhost -addext subjectAltName=DNS:localhost " +
      "-addext basicConstraints=critical,CA:FALSE -keyout tunnel.key -out tunnel.crt",
  );
  assert.equal(made.code, 0, made.stderr);
  const front = freePort();
  await shell.start(await proxy.prepare(folder, front, port), `127.0.0.1:${front}`);

  const connect = `wstunnel connect --ca tunnel.crt wss://localhost:${front}`;
  const refused = await shell.run(`${connect}/sshd`);
  assert.match(refused.stderr, /refuses: .*403/);
  assert.equal(backend.count, 0);
  const { stdout, stderr } = await shell.run(
    `(echo before; sleep 2.5; echo after; until grep -q after echoed; do sleep 0.1; done) |
    ${connect}/ssh | tee echoed`,
  );
  assert.equal(stdout, "before\nafter\n", stderr);
}
