/** A program in a network of its own, where a test may set what it likes: Linux, as root. */
import { inTime } from "./eventually.ts";
import { startWords } from "./program.ts";

/** What gives a loopback interface and a range of ports to connect from. */
const SETTING_UP = (ports: string) =>
  `ip link set lo up && echo '${ports}' >/proc/sys/net/ipv4/ip_local_port_range`;

/** Why there can be no such network here; null: there can. */
export const NO_NETWORK: string | null = whyNone();

function whyNone(): string | null {
  if (Deno.build.os !== "linux") return "network namespaces are Linux's";
  try {
    const args = ["--net", "sh", "-c", SETTING_UP("40000 40001")];
    const { success } = new Deno.Command("unshare", { args, stderr: "null" }).outputSync();
    return success ? null : "unshare --net is not permitted, it needs root, or there is no ip";
  } catch {
    return "there is no unshare";
  }
}

export const NO_IPV6 = "echo 1 >/proc/sys/net/ipv6/conf/lo/disable_ipv6";

/**
 * The words that start the program in such a network, where connects have the ports of a range, `40000 40015`, and shell commands
 * have set what else there is to set.
 */
export function wordsInNetwork(
  ports: string,
  ...commands: readonly string[]
): [program: string, ...args: string[]] {
  const script = [SETTING_UP(ports), ...commands, 'exec "$@"'].join(" && ");
  return ["unshare", "--net", "sh", "-c", script, "sh", ...startWords()];
}

/** Ends each connection at the first bytes it gets. */
const BACKEND = `
const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(Deno.args[0]) });
console.log("ready");
for await (const connection of listener) connection.read(new Uint8Array(1)).finally(() => connection.close());
`;

/** Starts a backend in the network of a process; it ends a connection at the first bytes it gets. */
export async function serveInNetwork(pid: number, port: number): Promise<AsyncDisposable> {
  const args = ["--net", "--target", `${pid}`, Deno.execPath(), "eval", BACKEND, `${port}`];
  const child = new Deno.Command("nsenter", { args, stdout: "piped" }).spawn();
  const kill = () => child.kill("SIGKILL");
  const reader = child.stdout.getReader();
  const { done } = await inTime("a backend in the network", reader.read(), kill);
  if (done) throw new Error("the backend has ended");
  return {
    async [Symbol.asyncDispose]() {
      kill();
      await reader.cancel();
      await child.status;
    },
  };
}
