/** A service manager as far as sd_notify(3) goes: a socket, and all that is told there, as the system sees it. */
import { eventually } from "./eventually.ts";
import { readLines } from "./lines.ts";
import { freePort } from "./backends.ts";
import { startWords } from "./program.ts";

/** A datagram. */
export interface Told {
  /** Whose process the system says it is of. */
  readonly pid: number;
  readonly lines: readonly string[];
  /** Microseconds of CLOCK_MONOTONIC at which it came. */
  readonly usec: number;
  /** Whether the program accepted a connection in that moment. */
  readonly accepts: boolean;
}

export interface ServiceManager extends AsyncDisposable {
  /** What NOTIFY_SOCKET is to be. */
  readonly socket: string;
  /** A port that the program is to listen at. */
  readonly port: number;
  /** In the order in which they came. */
  readonly told: readonly Told[];
  /** Waits for one that has a line, after the first `after` of all. */
  find(line: string | RegExp, after?: number): Promise<Told>;
}

const PROGRAM = `
import json, socket, struct, sys, time
name, port = sys.argv[1], int(sys.argv[2])
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
manager.bind(name.replace("@", "\\0", 1) if name.startswith("@") else name)
print("{}", flush=True)
while True:
    text, [(_, _, credentials)], _, _ = manager.recvmsg(65536, 256)
    usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        accepts = True
    except OSError:
        accepts = False
    pid = struct.unpack("iII", credentials)[0]
    lines = text.decode().split("\\n")
    print(json.dumps({"pid": pid, "lines": lines, "usec": usec, "accepts": accepts}), flush=True)
`;

/** Opens the socket, at a path or at an abstract name (`@name`). */
export async function openServiceManager(python: string, socket: string): Promise<ServiceManager> {
  const port = freePort();
  const child = new Deno.Command(python, {
    args: ["-c", PROGRAM, socket, String(port)],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = readLines(child.stdout);
  const told = () => lines.all.slice(1).map((line): Told => JSON.parse(line));
  await eventually("the manager's socket", () => lines.all.length > 0);
  return {
    socket,
    port,
    get told() {
      return told();
    },
    async find(line, after = 0) {
      const isIt = (one: string) => typeof line === "string" ? one === line : line.test(one);
      const found = await eventually(
        `${line} in ${JSON.stringify(told())}`,
        () => told().slice(after).find(({ lines }) => lines.some(isIt)),
      );
      return found!;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await Promise.all([child.status, lines.ended]);
    },
  };
}

/** The words that start the program as a service, with more variables. */
export function serviceWords(
  manager: ServiceManager,
  variables: Readonly<Record<string, string>> = {},
  words: readonly string[] = startWords(),
): [string, ...string[]] {
  const all = { NOTIFY_SOCKET: manager.socket, ...variables };
  const set = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  return ["/usr/bin/env", ...set, ...words];
}
