/**
 * Which hosts have a proc, and how its program runs.
 *
 * Each address has one proc. Where the procs of several hosts come to the same one, as with ports that follow each other and `max-procs`, it
 * belongs to the hosts whose number of it is the lowest: the host that stands at a port itself, not the one whose third process would. Of
 * several the one that named it first says how its program runs.
 *
 * @module
 */
import { processIdentity } from "../process/identity.ts";
import type { LaunchSettings } from "../process/supervisor.ts";

interface Claim {
  /** The host's number of the proc, from 0. */
  readonly id: number;
  readonly settings: LaunchSettings;
  /** Of its programs: the one that it names, and the one before while that runs. */
  readonly identities: readonly string[];
}

export class Claims<Host> {
  readonly #claims = new Map<Host, Claim>();

  get size(): number {
    return this.#claims.size;
  }

  /** The hosts that the proc belongs to. */
  get owners(): Host[] {
    const lowest = this.#lowestId();
    return [...this.#claims].flatMap(([host, { id }]) => id === lowest ? [host] : []);
  }

  /** How its program runs; null where nobody has it. */
  get settings(): LaunchSettings | null {
    const [first] = this.owners;
    return first === undefined ? null : this.#claims.get(first)!.settings;
  }

  /** A host has the proc as its `id`; `running` is the identity of the program that runs. */
  set(host: Host, id: number, settings: LaunchSettings, running: string): void {
    const identity = processIdentity(settings);
    const before = this.#claims.get(host)?.identities ?? [];
    const still = before.filter((one) => one === running && one !== identity);
    this.#claims.set(host, { id, settings, identities: [identity, ...still] });
  }

  delete(host: Host): void {
    this.#claims.delete(host);
  }

  isOwner(host: Host): boolean {
    return this.#claims.get(host)?.id === this.#lowestId();
  }

  /** Whether the program of an identity is one of the host's, by what it names or named before. */
  knows(host: Host, identity: string): boolean {
    return this.#claims.get(host)?.identities.includes(identity) ?? false;
  }

  #lowestId(): number {
    return Math.min(...[...this.#claims.values()].map(({ id }) => id));
  }
}
