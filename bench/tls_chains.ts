/**
 * Ways for TLS to end: ours, or that of HAProxy or nginx in front of us. One HAProxy on the load's core encrypts for all of them.
 *
 * Each is a chain of processes; what they cost is counted together.
 */
import { type Chain, startChain } from "./chains.ts";
import { ourCommand, type ServerCommand } from "./server.ts";

/** Where its certificate and key are, in one file and in two. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
  readonly both: string;
}

/** A certificate for 127.0.0.1, made by `openssl`. */
export async function makePair(folder: string): Promise<Pair> {
  const pair = { cert: `${folder}/cert.pem`, key: `${folder}/key.pem`, both: `${folder}/both.pem` };
  const args = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 " +
    `-subj /CN=127.0.0.1 -keyout ${pair.key} -out ${pair.cert}`;
  const { success, stderr } = await new Deno.Command("openssl", { args: args.split(" ") }).output();
  if (!success) throw new Error(`openssl: ${new TextDecoder().decode(stderr)}`);
  const texts = [pair.cert, pair.key].map((path) => Deno.readTextFileSync(path));
  await Deno.writeTextFile(pair.both, texts.join(""));
  return pair;
}

const TIMEOUTS = "timeout connect 5s\n timeout client 60s\n timeout server 60s";

async function haproxyCommand(path: string, body: string): Promise<ServerCommand> {
  await Deno.writeTextFile(
    path,
    `global\n nbthread 1\n maxconn 4000\ndefaults\n ${TIMEOUTS}\n timeout tunnel 60s\n${body}`,
  );
  return ["env", "PORT={port}", "BACKEND={backend}", "haproxy", "-db", "-q", "-f", path];
}

/** HAProxy that ends TLS, or begins it. */
function haproxyEnds(folder: string, pair: Pair): Promise<ServerCommand> {
  return haproxyCommand(
    `${folder}/ends.cfg`,
    `listen ends\n mode http\n bind "127.0.0.1:\${PORT}" ssl crt ${pair.both} alpn http/1.1\n` +
      ' server us "${BACKEND}"\n',
  );
}

function haproxyBegins(folder: string): Promise<ServerCommand> {
  return haproxyCommand(
    `${folder}/begins.cfg`,
    'listen begins\n mode tcp\n bind "127.0.0.1:${PORT}"\n server them "${BACKEND}" ssl verify none\n',
  );
}

/** It takes no variables from the environment. */
async function nginxEnds(folder: string, pair: Pair): Promise<ServerCommand> {
  const path = `${folder}/nginx.conf`;
  await Deno.writeTextFile(
    path,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 8192; }
http {
  access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server {
    listen 127.0.0.1:{port} ssl; ssl_certificate ${pair.cert}; ssl_certificate_key ${pair.key};
    location / {
      proxy_pass http://{backend}; proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
      proxy_buffering off;
    }
  }
}
`,
  );
  const edit = "s/[{]port[}]/{port}/; s/[{]backend[}]/{backend}/";
  return ["sh", "-c", `sed "${edit}" ${path} > ${path}.now && exec nginx -c ${path}.now`];
}

/** Starts every chain in front of the load generator's backend; `peers` are the proxies to measure. */
export async function startChains(
  folder: string,
  backendPort: number,
  prefix: { readonly server: string[]; readonly load: string[] },
  peers: readonly string[],
): Promise<Chain[]> {
  const pair = await makePair(folder);
  const plain = ourCommand("stream");
  const begins = await haproxyBegins(folder);
  const start = (name: string, ends: readonly ServerCommand[]) =>
    startChain(name, backendPort, [
      ...ends.map((command) => ({ command, prefix: prefix.server, isMeasured: true })),
      { command: begins, prefix: prefix.load, isMeasured: false },
    ]);
  const chains = [
    await start("ours", [[...plain, "--tls-cert", pair.cert, "--tls-key", pair.key]]),
  ];
  if (peers.includes("haproxy")) {
    chains.push(await start("HAProxy before us", [plain, await haproxyEnds(folder, pair)]));
  }
  if (peers.includes("nginx")) {
    chains.push(await start("nginx before us", [plain, await nginxEnds(folder, pair)]));
  }
  return chains;
}
