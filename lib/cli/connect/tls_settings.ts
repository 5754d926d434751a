/**
 * What `connect` trusts, and what it shows for itself.
 *
 * @module
 */
import { formatMinute } from "../../base/minute.ts";
import { nodeCrypto } from "../../base/node_crypto.ts";
import { readTrust, type TrustFiles } from "../../backend/tls_files.ts";
import type { All, Problem } from "./given.ts";

export interface TlsSettings extends TrustFiles {
  readonly serverName: string;
  /** Whether anybody's certificate will do. */
  readonly isInsecure: boolean;
}

/** With whom TLS is spoken. */
export interface TlsPlaces {
  readonly isWithServer: boolean;
  readonly isWithProxy: boolean;
  readonly isInsecure: boolean;
}

/** Without a name that is given the certificate must be for the URL's. */
export function readTls(
  { isWithServer, isWithProxy, isInsecure }: TlsPlaces,
  all: All,
): Omit<TlsSettings, "serverName"> & Partial<TlsSettings> | Problem {
  const last = (name: string) => all(name).at(-1);
  if (!isWithServer) {
    const names = ["--server-name", "--cert", "--key", ...isWithProxy ? [] : ["--ca"]];
    const stray = isInsecure ? "--insecure" : names.find((name) => last(name) !== undefined);
    if (stray !== undefined) return { problem: `${stray} is for wss:// alone` };
  }
  const ca = all("--ca");
  if (isInsecure && !isWithProxy && ca.length > 0) {
    return { problem: "--ca has no effect beside --insecure" };
  }
  const [cert, key] = [last("--cert"), last("--key")];
  if (cert === undefined && key !== undefined) return { problem: "--key is for --cert alone" };
  const identity = cert === undefined ? null : { cert, key: key ?? cert };
  const problem = filesProblem({ ca, identity });
  if (problem !== null) return { problem };
  const serverName = last("--server-name");
  return { ca, identity, isInsecure, ...serverName === undefined ? {} : { serverName } };
}

/** They are read again at each connect, as they may be renewed. */
function filesProblem(files: TrustFiles): string | null {
  try {
    const { identity } = readTrust(files);
    const untimely = identity === null ? null : whyUntimely(identity.cert);
    return untimely === null ? null : `--cert: ${JSON.stringify(files.identity!.cert)} ${untimely}`;
  } catch (error) {
    return byFlags((error as Error).message);
  }
}

function whyUntimely(pem: string): string | null {
  const { validFrom, validTo } = new (nodeCrypto().X509Certificate)(pem);
  const [begins, ends] = [new Date(validFrom), new Date(validTo)];
  const now = new Date();
  if (begins > now) return `is not valid yet, before ${formatMinute(begins)}`;
  return ends < now ? `has expired, ${formatMinute(ends)}` : null;
}

/** What is a key of the file for a server is a flag here. */
export function byFlags(reason: string): string {
  return reason
    .replace(" (tls.cert, tls.key)", ": --cert and --key name one")
    .replaceAll(/\btls\.(?=ca\b|cert\b|key\b)/g, "--");
}
