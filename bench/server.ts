/** Starts the servers that are measured, each as a process of its own, and stops them. */
import manifest from "../deno.json" with { type: "json" };

const FOLDER = new URL(".", import.meta.url).pathname;
const START_DEADLINE_MS = 15_000;

/** Not everybody looks for programs where lighttpd lies. */
const PLACES = { PATH: `${Deno.env.get("PATH")}:/usr/sbin` };

/** A server under measurement. */
export interface Server {
  name: string;
  pid: number;
  /** `host:port` where it listens. */
  address: string;
  /** `host:port` that it relays to; the load generator listens there. */
  backend: string;
  /** It relays plain TCP, without WebSocket. */
  raw: boolean;
  stop: () => Promise<void>;
}

/** Words of a command; `{port}` and `{backend}` in them are replaced. */
export type ServerCommand = string[];

/** The words that start this program, as a user starts it. */
function ourWords(): ServerCommand {
  const flags = manifest.tasks.start.command.split(" ").filter((word) => word.startsWith("--"));
  return [Deno.execPath(), "run", ...flags, `${FOLDER}../main.ts`];
}

/** This program with one engine; flags may stand behind its name. */
export function ourCommand(engine: string): ServerCommand {
  return [
    ...ourWords(),
    ...["--listen", "127.0.0.1:{port}", "--server", "{backend}"],
    ...["--frame-type", "binary", "--debug", "2", "--engine", ...engine.split(/\s+/)],
  ];
}

/** The client's side of this program; an end is passed on at once, as its peers do. */
export function ourClient(): ServerCommand {
  const url = "ws://{backend}/";
  return [...ourWords(), "connect", url, "--listen", "127.0.0.1:{port}", "--linger", "0"];
}

/** A plain TCP relay in Deno: what the runtime gives before any WebSocket. */
export function relayCommand(): ServerCommand {
  return [Deno.execPath(), "run", "--allow-net", `${FOLDER}plain_relay.ts`, "{port}", "{backend}"];
}

/** A lighttpd with mod_wstunnel, by a configuration that goes to the given folder; backends: their ports, by path. */
export async function lighttpdCommand(
  program: string,
  folder: string,
  backends: Readonly<Record<string, number>>,
): Promise<ServerCommand> {
  const path = `${folder}/lighttpd.conf`;
  const servers = Object.entries(backends).map(([path, port]) =>
    `"${path}" => (( "host" => "127.0.0.1", "port" => ${port}, "disable-time" => 0 ))`
  );
  const descriptors = Math.min(hardDescriptorLimit(), 65_536);
  await Deno.mkdir(folder, { recursive: true });
  // With HTTP/2 a connection may need ten descriptors, so that newer versions take a tenth as many clients.
  await Deno.writeTextFile(
    path,
    `server.modules = ( "mod_wstunnel" )
server.document-root = "${folder}"
server.errorlog = "${folder}/lighttpd.log"
server.bind = "127.0.0.1"
server.port = env.PORT
server.max-connections = ${descriptors >> 1}
server.max-fds = ${descriptors}
server.listen-backlog = 1024
server.feature-flags = ( "server.h2proto" => "disable" )
wstunnel.frame-type = "binary"
wstunnel.server = ( ${servers.join(", ")} )
`,
  );
  return ["env", "PORT={port}", program, "-D", "-f", path];
}

/** `lighttpd/1.4.69`; null if there is none. */
export async function lighttpdVersion(program: string): Promise<string | null> {
  if (!await isInstalled(program, "-v")) return null;
  const { stdout } = await new Deno.Command(program, { args: ["-v"], env: PLACES }).output();
  return new TextDecoder().decode(stdout).split(" ")[0]!.trim();
}

/** A port that nothing listens on now. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/**
 * Starts a server and waits until it accepts connections; throws if it ends before.
 *
 * The prefix stands in front of the command, such as `taskset -c 0`; it must replace itself with the command, since the
 * process is measured by its id.
 */
export async function startServer(
  name: string,
  command: ServerCommand,
  backendPort: number,
  options: { raw?: boolean; prefix?: string[] } = {},
): Promise<Server> {
  const port = freePort();
  const backend = `127.0.0.1:${backendPort}`;
  const words = [...(options.prefix ?? []), ...command].map((word) =>
    word.replaceAll("{port}", String(port)).replaceAll("{backendport}", String(backendPort))
      .replaceAll("{backend}", backend)
  );
  const child = new Deno.Command(words[0]!, {
    args: words.slice(1),
    stdin: "null",
    stdout: "null",
    env: PLACES,
  }).spawn();
  let hasEnded = false;
  const ended = child.status.then(() => hasEnded = true);
  for (const deadline = Date.now() + START_DEADLINE_MS; !await accepts(port);) {
    if (hasEnded) throw new Error(`${name} ended at its start: ${words.join(" ")}`);
    if (Date.now() > deadline) throw new Error(`${name} does not listen: ${words.join(" ")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    name,
    pid: child.pid,
    address: `127.0.0.1:${port}`,
    backend,
    raw: options.raw ?? false,
    stop: async () => {
      if (!hasEnded) child.kill("SIGKILL");
      await ended;
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

/** Resident memory of a process in bytes, from `/proc`. */
export function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

/** How many descriptors a program that we start may have. */
export function hardDescriptorLimit(): number {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  const hard = /^Max open files +\S+ +(\S+)/m.exec(limits)![1]!;
  return hard === "unlimited" ? Infinity : Number(hard);
}

/** Whether a program answers to flags, such as that for its version. */
export async function isInstalled(program: string, ...flags: string[]): Promise<boolean> {
  try {
    const command = new Deno.Command(program, {
      args: flags,
      stdout: "null",
      stderr: "null",
      env: PLACES,
    });
    return (await command.output()).success;
  } catch {
    return false;
  }
}

/**
 * Where to run what: the server alone on one core and the load on another, if there are two and `taskset` is installed.
 */
export async function pinning(
  wanted: boolean,
): Promise<{ server: string[]; load: string[]; text: string }> {
  const canPin = wanted && navigator.hardwareConcurrency >= 2 && await isInstalled("taskset", "-V");
  if (!canPin) return { server: [], load: [], text: "not pinned" };
  return {
    server: ["taskset", "-c", "0"],
    load: ["taskset", "-c", "1"],
    text: "server pinned to core 0, load to core 1",
  };
}
