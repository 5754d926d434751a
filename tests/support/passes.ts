/** Passes of connections that are counted nowhere else. */
import { UNBOUNDED } from "../../lib/limits/bounds.ts";
import { Connections, type Pass } from "../../lib/limits/connections.ts";

const BOUNDS = { maxConnections: 0, maxPending: 0, client: UNBOUNDED, local: UNBOUNDED };

export function anyPass(connections = new Connections(() => 0, () => {})): Pass {
  const client = { network: "any", name: "any", bounds: UNBOUNDED };
  const pass = connections.enter(client, BOUNDS);
  if (typeof pass === "string") throw new Error(pass);
  return pass;
}
