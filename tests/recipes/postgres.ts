/** Debian's PostgreSQL, with a cluster of our own. */
import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { type Server, startServer } from "../support/installed.ts";

const VERSIONS = "/usr/lib/postgresql";

/** The newest installed one's folder of programs. */
function programs(): string {
  const versions = [...Deno.readDirSync(VERSIONS)].map(({ name }) => Number(name));
  return `${VERSIONS}/${Math.max(...versions.filter(Number.isFinite))}/bin`;
}

/** It refuses to run as root, who becomes the user of Debian's package for it. */
const AS_USER = Deno.uid() === 0
  ? ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
  : [];

export interface Postgres extends AsyncDisposable {
  readonly address: string;
}

/** Makes an empty cluster, whom everybody on this machine may log in to, and serves it on a free port. */
export async function startPostgres(): Promise<Postgres> {
  const folder = await Deno.makeTempDir({ prefix: "postgres-" });
  let server: Server | null = null;
  const clear = async () => {
    await server?.[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  };
  try {
    if (AS_USER.length > 0) await run(["chown", "postgres", folder]);
    const data = `${folder}/data`;
    const superuser = ["-U", "postgres", "-A", "trust"];
    await run([...AS_USER, `${programs()}/initdb`, "-D", data, "--no-sync", ...superuser]);
    const port = freePort();
    const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
    const flags = settings.flatMap((setting) => ["-c", setting]);
    const [program, ...args] = [...AS_USER, `${programs()}/postgres`];
    const address = `127.0.0.1:${port}`;
    server = await startServer(program!, [...args, "-D", data, "-p", `${port}`, ...flags], address);
    return { address, [Symbol.asyncDispose]: clear };
  } catch (error) {
    await clear();
    throw error;
  }
}

async function run([program, ...args]: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program!, { args, cwd: "/" }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}
