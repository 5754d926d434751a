/** OpenSSH, run with keys and a configuration of our own. */
import assert from "node:assert/strict";
import { shellWord } from "../../lib/base/shell.ts";
import { freePort } from "./backends.ts";
import { installed, type Server, startServer } from "./installed.ts";
import { startWords } from "./program.ts";

export const SSHD = installed("sshd");
const SSH = installed("ssh");
const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const CLIENT = new URL("./stdio_client.ts", import.meta.url).pathname;

/** Why there are no tests with OpenSSH, null when there are. */
export const NO_OPENSSH = SSHD === null || SSH === null
  ? "openssh-server and openssh-client are not both installed"
  : null;

/** Makes in a folder the keys of a host and a user and a server's configuration, to which `lines` are added. */
export async function prepareSshd(folder: string, lines = ""): Promise<void> {
  for (const name of ["host", "user"]) {
    const args = ["-q", "-t", "ed25519", "-N", "", "-f", `${folder}/${name}`];
    const { success } = await new Deno.Command("ssh-keygen", { args }).output();
    assert.ok(success, "ssh-keygen");
  }
  // Debian's sshd wants it when root starts it; its service would have made it.
  if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  await Deno.writeTextFile(
    `${folder}/config`,
    `${lines}HostKey ${folder}/host
AuthorizedKeysFile ${folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
`,
  );
}

export interface Sshd extends AsyncDisposable {
  readonly address: string;
  /** With the keys. */
  readonly folder: string;
  readonly pid: number;
}

/** Starts a server of our own: its keys, its port, one user's key to log in with. */
export async function startSshd(lines = ""): Promise<Sshd> {
  const folder = await Deno.makeTempDir();
  const port = freePort();
  let server: Server | null = null;
  const clear = async () => {
    await server?.[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  };
  try {
    await prepareSshd(folder, `${lines}ListenAddress 127.0.0.1\nPort ${port}\n`);
    const address = `127.0.0.1:${port}`;
    server = await startServer(SSHD!, ["-D", "-e", "-f", `${folder}/config`], address);
    return { address, folder, pid: server.pid, [Symbol.asyncDispose]: clear };
  } catch (error) {
    await clear();
    throw error;
  }
}

/** A ProxyCommand: `wstunnel connect`, as the README has it. */
export function connectProxy(url: string): string {
  const words = startWords().map((word) => word === "main.ts" ? MAIN : word);
  return [...words, "connect", url].map(shellWord).join(" ");
}

/** What ssh, scp and sftp are given to log in by a ProxyCommand alone, to whatever host they name. */
export function sshFlags(folder: string, proxy: string): string[] {
  const options = {
    ProxyCommand: proxy,
    IdentityFile: `${folder}/user`,
    IdentitiesOnly: "yes",
    UserKnownHostsFile: "/dev/null",
    GlobalKnownHostsFile: "/dev/null",
    StrictHostKeyChecking: "no",
    BatchMode: "yes",
    LogLevel: "ERROR",
    ConnectTimeout: "20",
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return ["-F", "none", ...flags];
}

export interface Session {
  readonly code: number;
  readonly stdout: Uint8Array<ArrayBuffer>;
  readonly stderr: string;
}

function proxyOf(tunnel: string): string {
  return `'${Deno.execPath()}' run --quiet --allow-net '${CLIENT}' ws://${tunnel}/`;
}

/** Runs a command at the far end with ssh(1), which reaches it through the tunnel alone, by a client of the tests' own unless `proxy` is another. */
export async function ssh(
  folder: string,
  tunnel: string,
  remoteCommand: string,
  input: Uint8Array<ArrayBuffer>,
  proxy = proxyOf(tunnel),
): Promise<Session> {
  const child = new Deno.Command(SSH!, {
    args: [...sshFlags(folder, proxy), "behind-the-tunnel", remoteCommand],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const feed = async () => {
    const writer = child.stdin.getWriter();
    await writer.write(input);
    await writer.close();
  };
  // Where ssh ends early its status says why.
  const [{ code, stdout, stderr }] = await Promise.all([child.output(), feed().catch(() => {})]);
  return { code, stdout, stderr: new TextDecoder().decode(stderr) };
}
