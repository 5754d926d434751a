/** OpenSSH, run with keys and a configuration of our own. */
import assert from "node:assert/strict";
import { installed } from "./installed.ts";

export const SSHD = installed("sshd");
const SSH = installed("ssh");
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
  const child = new Deno.Command(SSH!, {
    args: ["-F", "none", ...flags, "behind-the-tunnel", remoteCommand],
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
