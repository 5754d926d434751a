/** Memory of idle tunnels: the server's resident memory with them, beside that without. */
import { openIdle } from "./load.ts";
import { residentBytes, type Server } from "./server.ts";

const TUNNEL_COUNTS = [1000, 5000];
const SETTLE_MS = 2500;
const SETTLE_DEADLINE_MS = 15_000;

/** The runtime collects the garbage of an idle program within so long: 8 to 18 s were seen. */
const COLLECTED_MS = 30_000;

/** Resident memory in bytes. */
export interface IdleMemory {
  /** Before the first tunnel. */
  atStart: number;
  /** Tunnels held -> memory. */
  held: Map<number, number>;
  /** At once after the most tunnels have closed again. */
  atClose: number;
  /** The same {@linkcode COLLECTED_MS} later. */
  afterClose: number;
}

/** Measures a server that has just been started. */
export async function measureIdleMemory(program: string, server: Server): Promise<IdleMemory> {
  const atStart = await settled(server.pid);
  const held = new Map<number, number>();
  for (const count of TUNNEL_COUNTS) {
    const tunnels = await openIdle(program, count, server.address, server.backend);
    held.set(count, await settled(server.pid));
    await tunnels.close();
  }
  const atClose = await settled(server.pid);
  await new Promise((resolve) => setTimeout(resolve, COLLECTED_MS));
  return { atStart, held, atClose, afterClose: residentBytes(server.pid) };
}

/** Bytes that each of the tunnels adds. */
export function bytesPerTunnel(memory: IdleMemory, count: number): number {
  return (memory.held.get(count)! - memory.atStart) / count;
}

/** The resident memory once it has stayed within 1 % for a while, or at the deadline. */
async function settled(pid: number): Promise<number> {
  let last = residentBytes(pid);
  for (const deadline = Date.now() + SETTLE_DEADLINE_MS; Date.now() < deadline;) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const next = residentBytes(pid);
    if (Math.abs(next - last) < last * 0.01) return next;
    last = next;
  }
  return last;
}
