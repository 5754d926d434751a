/** Memory of idle tunnels: the server's resident memory with them, beside that without, and after a burst beside that before. */
import { openIdle } from "./load.ts";
import { hardDescriptorLimit, residentBytes, type Server } from "./server.ts";

const FEW = 1000;
const MANY = 10_000;

/** A tunnel takes two descriptors, and lighttpd takes no more clients at 90 % of those that it may have. */
const TUNNELS_A_DESCRIPTOR = 0.44;

const SETTLE_MS = 2500;
const SETTLE_DEADLINE_MS = 15_000;

/** Tunnels that each had so much echoed are quiet for so long. */
const BURST_BYTES = 512 * 1024;
const QUIET_MS = 2000;

/** The runtime collects the garbage of an idle program within so long: 8 to 18 s were seen. */
const COLLECTED_MS = 30_000;

/** Resident memory in bytes: that of the whole process, whatever its threads. */
export interface IdleMemory {
  /** Before the first tunnel. */
  readonly atStart: number;
  /** Tunnels held -> memory. */
  readonly held: ReadonlyMap<number, number>;
  /** At once after the most tunnels have closed again. */
  readonly atClose: number;
  /** The same {@linkcode COLLECTED_MS} later. */
  readonly afterClose: number;
}

/** Resident memory in bytes, of a process that holds {@linkcode FEW} tunnels. */
export interface BurstMemory {
  /** They have carried nothing. */
  readonly before: number;
  /** Each has just had {@linkcode BURST_BYTES} echoed, all at once. */
  readonly atEnd: number;
  /** {@linkcode QUIET_MS} later. */
  readonly after: number;
}

/** Measures servers that have just been started, one after the other. */
export async function measureBursts(
  program: string,
  servers: readonly Server[],
): Promise<BurstMemory[]> {
  const memories: BurstMemory[] = [];
  for (const server of servers) {
    const idle = await openIdle(program, FEW, server);
    const before = await settled(server.pid);
    await idle.close();
    const quiet = await openIdle(program, FEW, server, BURST_BYTES);
    const atEnd = residentBytes(server.pid);
    const after = await later(QUIET_MS, () => residentBytes(server.pid));
    await quiet.close();
    memories.push({ before, atEnd, after });
  }
  return memories;
}

/** Measures servers that have just been started, one after the other; the garbage of one is waited for while the next has its turn. */
export async function measureIdleMemory(
  program: string,
  servers: readonly Server[],
): Promise<IdleMemory[]> {
  const memories: Promise<IdleMemory>[] = [];
  for (const server of servers) {
    const held = await measureHeld(program, server);
    memories.push(later(COLLECTED_MS, () => ({ ...held, afterClose: residentBytes(server.pid) })));
  }
  return await Promise.all(memories);
}

async function measureHeld(
  program: string,
  server: Server,
): Promise<Omit<IdleMemory, "afterClose">> {
  const { pid } = server;
  const atStart = await settled(pid);
  const held = new Map<number, number>();
  for (const count of tunnelCounts()) {
    const tunnels = await openIdle(program, count, server);
    held.set(count, await settled(pid));
    await tunnels.close();
  }
  return { atStart, held, atClose: await settled(pid) };
}

/** A thousand, and ten thousand or, in hundreds, as many as descriptors allow. */
function tunnelCounts(): number[] {
  const most = Math.min(MANY, Math.floor(hardDescriptorLimit() * TUNNELS_A_DESCRIPTOR / 100) * 100);
  return most > FEW ? [FEW, most] : [most];
}

async function later<T>(ms: number, take: () => T): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return take();
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
