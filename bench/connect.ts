/**
 * `deno task bench --connect`: `wstunnel connect --listen` beside what stands in its place, in one run.
 *
 * The load enters by TCP, and behind each is our server; of a plain relay, which opens no WebSocket, another plain relay.
 */
import {
  type Chain,
  compareChains,
  CONNECTIONS,
  ROUND_TRIPS,
  type Row,
  startChain,
} from "./chains.ts";
import {
  freePort,
  isInstalled,
  ourClient,
  ourCommand,
  pinning,
  relayCommand,
  type ServerCommand,
} from "./server.ts";

const ROWS: readonly Row[] = [
  { name: "upload, 64 KiB", load: { mode: "up", tunnels: 1, size: 65536 }, unit: "MB/s" },
  { name: "download, 256 KiB", load: { mode: "down", tunnels: 1, size: 262144 }, unit: "MB/s" },
  ...ROUND_TRIPS,
  CONNECTIONS,
];

/** Debian's, before any other: it has the package. */
const PYTHON = "/usr/bin/python3";

const RELAY = new URL("connect_relay.py", import.meta.url).pathname;

/** Measures and prints; `rounds` of every row, each measurement of so many seconds. */
export async function compareConnect(rounds: number, seconds: number, pin: boolean): Promise<void> {
  if (!await isInstalled(PYTHON, "-c", "import websockets")) {
    throw new Error(
      "The comparison needs Python's websockets (Debian: apt install python3-websockets)",
    );
  }
  const pins = await pinning(pin);
  const port = freePort();
  const chains: Chain[] = [];
  const start = async (name: string, client: ServerCommand, server: ServerCommand) => {
    const links = [
      { command: server, prefix: pins.load, isMeasured: false },
      { command: client, prefix: pins.server, isMeasured: true },
    ];
    chains.push(await startChain(name, port, links, true));
  };
  try {
    {
      // Whoever looks whether a client listens opens a tunnel, which is to find somebody.
      await using _backend = acceptAll(port);
      await start("connect", ourClient(), ourCommand("stream"));
      await start(
        "Python's websockets",
        [PYTHON, RELAY, "{port}", "ws://{backend}/"],
        ourCommand("stream"),
      );
      await start("plain relay", relayCommand(), relayCommand());
    }
    await compareChains(chains, { rows: ROWS, rounds, seconds, pins });
  } finally {
    for (const chain of chains) await chain.stop();
  }
}

/** Takes connections and drops them. */
function acceptAll(port: number): AsyncDisposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const accept = async () => {
    for await (const connection of listener) connection.close();
  };
  const accepting = accept();
  return {
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
    },
  };
}
