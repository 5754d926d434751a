/**
 * Which clients a route lets in, by their addresses.
 *
 * @module
 */
import { contains, type Network } from "../base/network.ts";

export interface ClientRules {
  /** Empty: all. */
  readonly allowClients: readonly Network[];
  readonly denyClients: readonly Network[];
}

/** Whether a client may come in: nobody of those that are denied, and where some are allowed nobody else. */
export function admitsClient(address: string, { allowClients, denyClients }: ClientRules): boolean {
  if (contains(denyClients, address)) return false;
  return allowClients.length === 0 || contains(allowClients, address);
}
