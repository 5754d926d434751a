/**
 * The procs of all hosts, by their addresses: only one program can listen at each, whichever hosts name it.
 *
 * @module
 */
import { type Address, formatAddress } from "../base/address.ts";
import type { LaunchSettings } from "../process/supervisor.ts";
import { Proc, type ProcOptions } from "./proc.ts";

export interface Procs {
  /** The proc at an address, made where there is none. */
  find(address: Address, settings: LaunchSettings): Proc;
  /** A tunnel has ended that some host had to this address, as the log has it. */
  released(name: string): void;
  /** Forgets those of which nothing is left. */
  prune(): void;
  /** Stops all of them for good. */
  end(): Promise<void>;
}

/** `loadAt` gives the tunnels that others than procs have to an address. */
export function createProcs(
  options: Omit<ProcOptions, "otherLoad"> & { readonly loadAt: (name: string) => number },
): Procs {
  const { loadAt, ...shared } = options;
  const procs = new Map<string, Proc>();
  return {
    find(address, settings) {
      const name = formatAddress(address);
      const found = procs.get(name);
      if (found !== undefined) return found;
      const proc = new Proc(address, settings, { ...shared, otherLoad: () => loadAt(name) });
      procs.set(name, proc);
      return proc;
    },
    released: (name) => procs.get(name)?.settle(),
    prune() {
      for (const [name, proc] of procs) if (proc.isGone) procs.delete(name);
    },
    async end() {
      await Promise.all([...procs.values()].map((proc) => proc.end()));
    },
  };
}
