/**
 * The files that hosts name for TLS: what is wrong with them on the machine as it is.
 *
 * @module
 */
import { readCertificates } from "./certificates.ts";
import { HOST_TLS } from "./host_keys.ts";
import type { Machine } from "./machine.ts";
import type { Finding } from "./problem.ts";
import { eachHost, type HostTable, isTable, tableAt } from "./table.ts";

/** Looks at a configuration of any form. */
export function findTlsProblems(raw: unknown, machine: Machine): Finding[] {
  return eachWithTls(raw).flatMap(({ host, path }) => {
    const { ca } = tableAt(host, ["tls"]);
    const { kind } = HOST_TLS.ca;
    const names = ca === undefined || kind.check(ca).length > 0 ? [] : kind.decode(ca);
    return names.flatMap((name): Finding[] => {
      const file = machine.read(name);
      const read = "problem" in file ? file : readCertificates(file.bytes);
      const rule = "problem" in read ? `${JSON.stringify(name)} ${read.problem}` : null;
      return rule === null ? [] : [{ path: [...path, "tls", "ca"], rule }];
    });
  });
}

/** Hosts, and routes with `targets`, which have a host's settings beside these. */
function eachWithTls(raw: unknown): HostTable[] {
  const path = ["wstunnel", "server"];
  const routes = Object.entries(tableAt(raw, path)).flatMap(([key, route]): HostTable[] =>
    isTable(route) && route["targets"] !== undefined ? [{ host: route, path: [...path, key] }] : []
  );
  return [...eachHost(raw), ...routes];
}
