/** Builds the load generator (`load.c`) and runs it: the far ends of the tunnel that is measured. */

const FOLDER = new URL(".", import.meta.url).pathname;
const SOURCES = ["load.c", "backend.c", "client.c", "latencies.c"];

/** What traffic to make; the head of `load.c` explains the modes. */
export interface Load {
  mode: "up" | "down" | "echo" | "rtt" | "conn";
  tunnels: number;
  /** Payload bytes of a message. */
  size: number;
  /** Bytes of whole messages handed to one write. @default one message */
  burst?: number;
  /** Seconds from an echo to the next message in `rtt`. @default 0 */
  pause?: number;
  /** What is asked for. @default "/" */
  path?: string;
}

/** Where the traffic goes, and for how long. */
export interface LoadTarget {
  /** `host:port` or `unix:/path` of the server. */
  address: string;
  /** Where the load generator's backend listens, which the server relays to. */
  backend: string;
  /** Plain TCP instead of WebSocket. */
  raw: boolean;
  /** The server's process, whose CPU time is counted. */
  pid: number;
  seconds: number;
  /** Seconds of traffic before anything is counted. @default 0.2 */
  warmup?: number;
  /** The backend is a process of its own instead of a part of the client's. */
  apart: boolean;
}

/** What one run gave. */
export interface LoadResult {
  bytes: number;
  messages: number;
  bytesPerS: number;
  /** Messages, round trips or connections a second. */
  perS: number;
  /** Of a round trip, or of a connection from its first connect() to its echo; 0 in the other modes. */
  p50Us: number;
  p99Us: number;
  /** CPU seconds that the server took meanwhile, all its threads together. */
  targetCpuS: number;
  /** CPU seconds that the client took (and the backend with it, unless it was apart). */
  loadCpuS: number;
  seconds: number;
  failed: number;
  lost: number;
}

/** Compiles the load generator into `bench/.build/` if a source is newer; throws with what to install. */
export async function buildLoad(): Promise<string> {
  const program = `${FOLDER}.build/load`;
  const built = modifiedMs(program);
  if ([...SOURCES, "load.h"].every((name) => modifiedMs(FOLDER + name) < built)) return program;
  await Deno.mkdir(`${FOLDER}.build`, { recursive: true });
  const args = ["-O2", "-Wall", "-Wextra", "-o", program, ...SOURCES.map((name) => FOLDER + name)];
  let status: Deno.CommandStatus;
  try {
    status = await new Deno.Command("cc", { args }).spawn().status;
  } catch (cause) {
    throw new Error("The load generator needs a C compiler, 'cc' (Debian: apt install gcc)", {
      cause,
    });
  }
  if (!status.success) {
    throw new Error(`cc could not build the load generator (exit ${status.code})`);
  }
  return program;
}

function modifiedMs(path: string): number {
  try {
    return Deno.statSync(path).mtime?.getTime() ?? 0;
  } catch {
    return 0;
  }
}

/** A tunnel was lost or refused: the figures of that load would mean nothing. */
export class LostTunnel extends Error {}

/** Runs one load through a server; throws {@linkcode LostTunnel} where a tunnel doesn't last. */
export async function runLoad(
  program: string,
  load: Load,
  target: LoadTarget,
  prefix: string[],
): Promise<LoadResult> {
  const command = [
    ...prefix,
    program,
    load.mode,
    `target=${target.address}`,
    `backend=${target.backend}`,
    `tunnels=${load.tunnels}`,
    `size=${load.size}`,
    `burst=${load.burst ?? 0}`,
    `pause=${load.pause ?? 0}`,
    `path=${load.path ?? "/"}`,
    `seconds=${target.seconds}`,
    `warmup=${target.warmup ?? 0.2}`,
    `pid=${target.pid}`,
    ...(target.raw ? ["raw"] : []),
    ...(target.apart ? ["apart"] : []),
  ];
  const output = await new Deno.Command(command[0]!, {
    args: command.slice(1),
    stderr: "inherit",
  }).output();
  if (!output.success) throw new Error(`${command.join(" ")} exited ${output.code}`);
  const result: LoadResult = JSON.parse(new TextDecoder().decode(output.stdout));
  if (result.failed + result.lost > 0) {
    throw new LostTunnel(
      `${command.join(" ")}: ${result.failed} tunnels refused, ${result.lost} tunnels lost`,
    );
  }
  return result;
}

/** Tunnels that are open and carry nothing. */
export interface IdleTunnels {
  /** How many are open. */
  open: number;
  /** Closes them, and waits until the server has closed their backend connections. */
  close: () => Promise<void>;
}

/** Opens tunnels, has so many bytes of each echoed, all at once, and holds them; throws if one was refused. */
export async function openIdle(
  program: string,
  tunnels: number,
  { address, backend }: { address: string; backend: string },
  echoed = 0,
): Promise<IdleTunnels> {
  const child = new Deno.Command(program, {
    args: [
      "idle",
      `target=${address}`,
      `backend=${backend}`,
      `tunnels=${tunnels}`,
      `size=${echoed}`,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const line = (await reader.read()).value ?? "{}";
  const { open } = JSON.parse(line);
  if (open !== tunnels) throw new Error(`${open} of ${tunnels} idle tunnels opened`);
  return {
    open,
    close: async () => {
      await child.stdin.close();
      await reader.cancel();
      const { code } = await child.status;
      if (code !== 0) throw new Error(`idle tunnels were lost or left open (exit ${code})`);
    },
  };
}
