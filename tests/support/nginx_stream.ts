/** nginx's `stream` module, run with a configuration of our own. */
import { freePort } from "./backends.ts";
import { installed, notInstalled, type Server, startServer } from "./installed.ts";

const NGINX = installed("nginx");
const MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

/** Why there are no tests with it, null when there are. */
export const NO_NGINX_STREAM = notInstalled(["nginx", MODULE]);

export interface NginxStream extends Server {
  readonly address: string;
}

/** Writes a configuration of one server at a port of 127.0.0.1, and gives the words that start it. */
export async function prepareNginxStream(
  folder: string,
  port: number,
  options: string,
  body: string,
): Promise<[program: string, ...args: string[]]> {
  const user = Deno.uid() === 0 ? "user root;" : "";
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `load_module ${MODULE}; ${user} daemon off; master_process off; pid ${folder}/nginx.pid;
    events {} stream { server { listen 127.0.0.1:${port} ${options}; ${body} } }`,
  );
  return [NGINX!, "-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`];
}

/** Starts one server at a free port of 127.0.0.1; `options` stand behind its `listen`, `body` is the rest of its block. */
export async function startNginxStream(
  folder: string,
  options: string,
  body: string,
): Promise<NginxStream> {
  const port = freePort();
  const [program, ...args] = await prepareNginxStream(folder, port, options, body);
  const address = `127.0.0.1:${port}`;
  return { address, ...await startServer(program, args, address) };
}
