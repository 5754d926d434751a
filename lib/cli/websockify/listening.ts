/**
 * Where websockify listens, and its TLS.
 *
 * @module
 */
import { quote } from "../../config/problem.ts";
import type { CommandLine } from "./parse.ts";
import { isGiven, type Look, type Part, setting, valueOf } from "./part.ts";

const SOURCE = "[HOST:]PORT";

/** Where it listens: standard input, `--unix-listen` or the first word. */
export function listeningPart(line: CommandLine, look: Look): Part {
  if (isGiven(line, "--inetd")) return withTls(line, look, "--inetd", "fd:0");
  const socket = valueOf(line, "--unix-listen");
  if (socket !== undefined) return socketPart(line, look.absolute(socket));
  const [source] = line.words;
  if (source === undefined) {
    return { problems: [`Too few arguments: ${SOURCE} is missing, such as 6080`] };
  }
  const [host, port] = splitAddress(source);
  if (!/^\s*\d+\s*$/.test(port)) {
    const rule = `${SOURCE} is such as 6080 or localhost:6080`;
    return { problems: [`Error parsing listen port: ${rule}: current value is ${quote(source)}`] };
  }
  const everywhere = isGiven(line, "--prefer-ipv6") ? "[::]" : "0.0.0.0";
  const address = `${host === "" ? everywhere : bracketed(host)}:${Number(port)}`;
  return withTls(line, look, SOURCE, address);
}

/** What says where it leads. */
export function targetWords(line: CommandLine): readonly string[] {
  return isGiven(line, "--inetd", "--unix-listen") ? line.words : line.words.slice(1);
}

function withTls(line: CommandLine, look: Look, flag: string, address: string): Part {
  const tls = tlsPart(line, look);
  return {
    ...tls,
    settings: [
      setting(flag, ["listen"], tls.settings ? { address } : address),
      ...tls.settings ?? [],
    ],
  };
}

function socketPart(line: CommandLine, socket: string): Part {
  const mode = valueOf(line, "--unix-listen-mode") ?? "0600";
  return {
    settings: [
      setting("--unix-listen", ["listen"], { address: `unix:${socket}` }),
      setting("--unix-listen-mode", ["listen", "mode"], mode),
    ],
    problems: isGiven(line, "--cert", "--ssl-only", "--verify-client")
      ? [
        "a unix-domain socket has no TLS here: what is sent there leaves this machine by nobody " +
        "but a proxy, which has TLS of its own",
      ]
      : [],
  };
}

/** What is written before the last colon, without brackets, and behind it. */
export function splitAddress(text: string): [host: string, port: string] {
  const at = text.lastIndexOf(":");
  return [text.slice(0, Math.max(at, 0)).replace(/^[[\]]+|[[\]]+$/g, ""), text.slice(at + 1)];
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** There is TLS where there is a certificate, and with `--ssl-only` nothing else. */
function tlsPart(line: CommandLine, look: Look): Part {
  const cert = valueOf(line, "--cert") ?? "self.pem";
  const isOnly = isGiven(line, "--ssl-only");
  const asks = isGiven(line, "--verify-client");
  if (!look.exists(cert)) {
    if (isOnly) return { problems: [`SSL only and ${cert} not found`] };
    if (asks) return { problems: [`--verify-client: needs TLS, and ${cert} is not found`] };
    return isGiven(line, "--cert")
      ? { problems: [`--cert: ${cert} is not found; without --cert there is no TLS`] }
      : {};
  }
  const key = valueOf(line, "--key");
  const tls = ["listen", "tls"];
  const certFlag = isGiven(line, "--cert") ? "--cert" : cert;
  const clients = clientsPart(line, asks);
  return {
    settings: [
      setting(certFlag, [...tls, "cert"], cert),
      setting(key === undefined ? certFlag : "--key", [...tls, "key"], key ?? cert),
      ...isOnly || asks ? [] : [setting(certFlag, ["listen", "tls-optional"], true)],
      ...clients.settings ?? [],
    ],
    problems: [
      ...clients.problems ?? [],
      ...valueOf(line, "--ssl-version") === "tlsv1_3"
        ? [
          "--ssl-version: TLS 1.2 can't be left out, where websockify's tlsv1_3 does: tlsv1_2 is " +
          "the nearest",
        ]
        : [],
    ],
    remarks: [
      ...clients.remarks ?? [],
      ...asks && !isOnly
        ? ["only TLS is spoken: without it a client would have come in without a certificate"]
        : [],
      ...valueOf(line, "--ssl-version") === "tlsv1_1" ? ["TLS 1.2 is the least, not 1.1"] : [],
    ],
  };
}

function clientsPart(line: CommandLine, asks: boolean): Part {
  const authorities = valueOf(line, "--cafile");
  if (!asks) return authorities === undefined ? {} : { remarks: ["--cafile has no effect"] };
  if (authorities !== undefined) {
    return { settings: [setting("--cafile", ["listen", "tls", "client-ca"], authorities)] };
  }
  return {
    problems: [
      "--verify-client: needs --cafile FILE, the authorities that issue the clients' " +
      "certificates; all that the system trusts are --cafile /etc/ssl/certs/ca-certificates.crt",
    ],
  };
}
