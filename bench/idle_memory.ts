/** Memory of idle tunnels: the server's resident memory with them, beside that without. */
import { openIdle } from "./load.ts";
import { residentBytes, type Server } from "./server.ts";

const TUNNEL_COUNTS = [1000, 5000];
const SETTLE_MS = 500;
const SETTLE_DEADLINE_MS = 15_000;

/** Resident memory in bytes. */
export interface IdleMemory {
  /** Before the first tunnel. */
  atStart: number;
  /** Tunnels held -> memory. */
  held: Map<number, number>;
  /** After the most tunnels have closed again. */
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
  return { atStart, held, afterClose: await settled(server.pid) };
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
