/**
 * What makes a host the same one under another configuration, so that it is kept with all that is known of it.
 *
 * | kind | a host is the same while these are | what runs |
 * |---|---|---|
 * | an address | the route's key, the address | |
 * | a program at an address | the route's key, the host's address | a process is the same while its address, command, environment and handover are |
 * | a program for each tunnel | the route's key, the command, the environment | each ends with its tunnel |
 *
 * Everything else takes effect on what is kept: times, `tls` and `send-proxy` (an address is then tried anew, for what failed in one way of speaking
 * to it says nothing of another; of its CAs nothing is kept, since each connect trusts what their files hold), `balance`, `disable-time`, numbers of processes, the signal that stops them.
 *
 * A host in two routes is two hosts, each with a load and an outage of its own; the processes at its addresses are the same, since only one can
 * listen there (`claims.ts` says whose). For the same reason a process whose command has changed is no process beside the former one: it takes
 * its place once the last tunnel of that has ended. Until then the former one takes tunnels where no other process of the host can; those of
 * another host, which now has the address, it doesn't take.
 *
 * @module
 */
import { formatAddress } from "../base/address.ts";
import type { HostConfig, RouteConfig } from "../config/config.ts";

/** The identities of a route's hosts, in the order of the configuration; may hold secrets. A host that stands there twice is two. */
export function hostIdentities({ key, hosts }: Pick<RouteConfig, "key" | "hosts">): string[] {
  const counts = new Map<string, number>();
  return hosts.map((host) => {
    const parts = JSON.stringify([key, ...partsOf(host)]);
    const count = (counts.get(parts) ?? 0) + 1;
    counts.set(parts, count);
    return `${parts}#${count}`;
  });
}

function partsOf({ target, program }: HostConfig): unknown[] {
  if (target.transport !== "exec") {
    return [program === undefined ? "address" : "program", formatAddress(target)];
  }
  const { command, environment, copyEnvironment } = target;
  return ["exec", command, inOrder(environment), copyEnvironment];
}

/** The order in which variables were written makes no difference. */
function inOrder(environment: Readonly<Record<string, string>>): string[][] {
  return Object.entries(environment).sort(([a], [b]) => a < b ? -1 : 1);
}
