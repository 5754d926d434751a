/**
 * Flags to the same shape that the file has.
 *
 * @module
 */
import { formatAddress, parseAddress } from "../base/address.ts";
import type { Setting } from "../config/load.ts";
import { FLAGS, type FlagValues } from "./flags.ts";
import { socketFileSettings } from "./listen_settings.ts";

/** Turns the values of flags into settings at their places in the file; what can't be is a setting with a `rule`. */
export function toSettings(values: FlagValues): Setting[] {
  const direct = FLAGS.flatMap((flag): Setting[] => {
    const given = values.get(flag.name.slice(2));
    if (given === undefined || flag.path === undefined) return [];
    const last = given.at(-1)!;
    const value = flag.repeatable ? given : flag.number ? toNumber(last) : last;
    return [{ flag: flag.name, path: flag.path, value }];
  });
  return [...direct, ...socketFileSettings(values), ...serverSettings(values)];
}

/** Text that is no number stays as it is, for the schema to refuse. */
function toNumber(text: string): number | string {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

const SERVER_PATH = ["wstunnel", "server"];

function serverSettings(values: FlagValues): Setting[] {
  const servers = values.get("server");
  const key = values.get("path")?.at(-1);
  if (servers === undefined) {
    const rule = "has no effect without --server";
    return key === undefined ? [] : [{ flag: "--path", path: ["--path"], rule }];
  }
  const hosts = servers.map(toHost);
  const flag = "--server";
  const broken = hosts.filter((host) => "rule" in host)
    .map((host) => ({ flag, path: SERVER_PATH, ...host }));
  const tables = hosts.map((host) => "rule" in host ? STAND_IN : host.host);
  const value = Object.fromEntries([[key ?? "/", tables]]);
  return [...broken, { flag, path: SERVER_PATH, value }];
}

/** Breaks no rule, so that what is wrong with the other servers, or with --path, shows as well. */
const STAND_IN = { port: 1 };

type ServerHost = { host: Record<string, unknown> } | { rule: string; text: string };

function toHost(text: string): ServerHost {
  if (text.startsWith("exec:")) return { host: { exec: text.slice("exec:".length) } };
  const parsed = parseAddress(text);
  if ("problem" in parsed) {
    return {
      rule: parsed.problem.replace(/ or unix:\/path\b/, ", unix:/path or exec:COMMAND"),
      text,
    };
  }
  const { address } = parsed;
  return address.transport === "tcp"
    ? { host: { host: address.hostname, port: address.port } }
    : { host: { socket: formatAddress(address).slice("unix:".length) } };
}
