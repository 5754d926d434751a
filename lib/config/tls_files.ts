/**
 * The files that hosts name for TLS: what is wrong with them on the machine as it is.
 *
 * @module
 */
import { readCertificates } from "./certificates.ts";
import { HOST_TLS } from "./host_keys.ts";
import type { Machine } from "./machine.ts";
import { isKeyOf, readPrivateKey } from "./private_key.ts";
import type { Finding, Path, SecretFile } from "./problem.ts";
import { eachHost, type HostTable, isTable, tableAt } from "./table.ts";

/** Looks at a configuration of any form. */
export function findTlsProblems(raw: unknown, machine: Machine): Finding[] {
  return eachWithTls(raw).flatMap(({ host, path }) => {
    const tls = tableAt(host, ["tls"]);
    const { ca, cert, key } = tls;
    const roots = ca === undefined || HOST_TLS.ca.kind.check(ca).length > 0
      ? []
      : HOST_TLS.ca.kind.decode(ca);
    const found: Finding[] = [];
    const read = (name: string, file: unknown, parse: Parse): string | null => {
      if (typeof file !== "string" || file === "") return null;
      const small = machine.read(file);
      const parsed = "problem" in small ? small : parse(small.bytes);
      if ("value" in parsed) return parsed.value;
      found.push(problem([...path, "tls", name], file, parsed.problem));
      return null;
    };
    for (const root of roots) read("ca", root, readCertificates);
    const ours = read("cert", cert, readCertificates);
    const its = read("key", key, readPrivateKey);
    if (ours !== null && its !== null && !isKeyOf(its, ours)) {
      const not = `is not the key of the certificate in ${JSON.stringify(cert)}`;
      found.push(problem([...path, "tls", "key"], String(key), not));
    }
    return found;
  });
}

/** The files of keys. */
export function keysOfHosts(raw: unknown): SecretFile[] {
  return eachWithTls(raw).flatMap(({ host, path }): SecretFile[] => {
    const { key } = tableAt(host, ["tls"]);
    return typeof key === "string" ? [{ file: key, path: [...path, "tls", "key"] }] : [];
  });
}

/** Warns of keys that whoever has an account on the machine can read. */
export function warnOfOpenKeys(raw: unknown, machine: Machine): Finding[] {
  return eachWithTls(raw).flatMap(({ host, path }): Finding[] => {
    const { key } = tableAt(host, ["tls"]);
    if (typeof key !== "string" || !machine.isReadByAll(key)) return [];
    const rule = "can be read by every user of this machine: chmod o-rwx";
    return [problem([...path, "tls", "key"], key, rule)];
  });
}

type Parse = (bytes: Uint8Array) => { readonly value: string } | { readonly problem: string };

function problem(path: Path, file: string, rule: string): Finding {
  return { path, rule: `${JSON.stringify(file)} ${rule}` };
}

/** Hosts, and routes with `targets`, which have a host's settings beside these. */
function eachWithTls(raw: unknown): HostTable[] {
  const path = ["wstunnel", "server"];
  const routes = Object.entries(tableAt(raw, path)).flatMap(([key, route]): HostTable[] =>
    isTable(route) && route["targets"] !== undefined ? [{ host: route, path: [...path, key] }] : []
  );
  return [...eachHost(raw), ...routes];
}
