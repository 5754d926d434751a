/**
 * `deno task bench --tls`: TLS that we end ourselves beside HAProxy and nginx that end it in front of us, in one run.
 */
import { type Chain, compareChains, CONNECTIONS, ROUND_TRIPS, type Row } from "./chains.ts";
import { freePort, isInstalled, pinning } from "./server.ts";
import { startChains } from "./tls_chains.ts";

const ROWS: readonly Row[] = [
  { name: "upload, 64 KiB", load: { mode: "up", tunnels: 1, size: 65536 }, unit: "MB/s" },
  { name: "download, 256 KiB", load: { mode: "down", tunnels: 1, size: 262144 }, unit: "MB/s" },
  { name: "echo, 4 KiB x16", load: { mode: "echo", tunnels: 16, size: 4096 }, unit: "MB/s" },
  ...ROUND_TRIPS,
  CONNECTIONS,
];

/** Measures and prints; `rounds` of every row, each measurement of so many seconds. */
export async function compareTls(rounds: number, seconds: number, pin: boolean): Promise<void> {
  const peers: string[] = [];
  for (const [name, flag] of [["haproxy", "-v"], ["nginx", "-v"]] as const) {
    if (await isInstalled(name, flag)) peers.push(name);
  }
  if (!peers.includes("haproxy")) {
    throw new Error(
      "The comparison needs haproxy (Debian: apt install haproxy), and nginx if wanted",
    );
  }
  const pins = await pinning(pin);
  const folder = await Deno.makeTempDir({ prefix: "bench-tls-" });
  let chains: readonly Chain[] = [];
  try {
    chains = await startChains(folder, freePort(), pins, peers);
    await compareChains(chains, { rows: ROWS, rounds, seconds, pins });
  } finally {
    for (const chain of chains) await chain.stop();
    await Deno.remove(folder, { recursive: true });
  }
}
