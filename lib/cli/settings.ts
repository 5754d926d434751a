/**
 * Flags to the same shape that the file has.
 *
 * @module
 */
import { formatAddress, parseAddress } from "../base/address.ts";
import type { Setting } from "../config/load.ts";
import { type Path, quote } from "../config/problem.ts";
import type { GivenFlag } from "./arguments.ts";
import { type Flag, FLAGS } from "./flags.ts";
import { listenerSettings } from "./listen_settings.ts";
import { shellWord } from "../base/shell.ts";

/**
 * Turns flags, in the order they were given, into settings at their places in the file; what can't be is a setting with a `rule`.
 *
 * A `--path` begins a route, to which the `--server`s behind it belong, or `--targets`, and the flags of a route; what stands before the
 * first one holds for all. A `--server` there is the route `/`, which gets what no other route does. So a `--path` at the
 * end has nothing to lead to, which is refused: `--server A --path /a` once meant what `--path /a --server A` means, and
 * taken so it would lead every other path to A, or, with more routes, `/a` to the server of another.
 */
export function toSettings(given: readonly GivenFlag[]): Setting[] {
  const [all, ...paths] = splitAtPaths(given);
  return [
    ...FLAGS.filter((flag) => !isLead(flag))
      .flatMap((flag) => flagSettings(flag, all.flags, flag.path)),
    ...listenerSettings(all.flags),
    ...routeSettings(all, paths),
  ];
}

/** Flags that belong together: behind a `--path`, or before the first. */
interface Group {
  /** The key that `--path` gave; before the first one `/`. */
  readonly key: string;
  readonly flags: GivenFlag[];
}

/** The group before the first `--path`, where also stand all flags that no route has, and a group for each `--path`. */
function splitAtPaths(given: readonly GivenFlag[]): [Group, ...Group[]] {
  const all: Group = { key: "/", flags: [] };
  const paths: Group[] = [];
  for (const flag of given) {
    if (flag.name === "--path") paths.push({ key: flag.value, flags: [] });
    else if (isPerRoute(flag)) (paths.at(-1) ?? all).flags.push(flag);
    else all.flags.push(flag);
  }
  return [all, ...paths];
}

/** What says where a route leads. */
const LEADS = ["--server", "--targets"] as const;

function isLead({ name }: { readonly name: string }): boolean {
  return LEADS.some((lead) => lead === name);
}

function leads({ flags }: Group): boolean {
  return LEADS.some((name) => valuesOf(name, flags).length > 0);
}

function isPerRoute({ name }: GivenFlag): boolean {
  return isLead({ name }) || FLAGS.some((flag) => flag.name === name && flag.perRoute);
}

function valuesOf(name: Flag["name"], flags: readonly GivenFlag[]): string[] {
  return flags.filter((flag) => flag.name === name).map(({ value }) => value);
}

/** The settings of a flag among those of a group. */
function flagSettings(
  flag: Flag,
  flags: readonly GivenFlag[],
  path: Path | undefined,
): Setting[] {
  const { name, repeatable, number } = flag;
  const values = valuesOf(name, flags);
  const last = values.at(-1);
  if (last === undefined) return [];
  const settings: Setting[] = [];
  if (!repeatable && values.length > 1) {
    const rule = `must be given once, not as ${values.map(quote).join(" and ")}`;
    settings.push({ flag: name, path: [name], rule });
  }
  if (path !== undefined) {
    settings.push({
      flag: name,
      path,
      value: repeatable ? values : number ? toNumber(last) : last,
    });
  }
  return settings;
}

/** Text that is no number stays as it is, for the schema to refuse. */
function toNumber(text: string): number | string {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

const SERVER: Path = ["wstunnel", "server"];

function routeSettings(all: Group, paths: readonly Group[]): Setting[] {
  // The one before them comes last: of two routes that match the first is taken, and `/` matches everything.
  const routes = [...paths, all].filter(leads);
  const flag = LEADS.find((name) => routes.some(({ flags }) => valuesOf(name, flags).length > 0));
  const replaceTable: Setting[] = flag === undefined ? [] : [{ flag, path: SERVER, value: {} }];
  return [
    ...paths.flatMap((group, at) => pathProblems(group, at, all, paths)),
    ...replaceTable,
    ...routes.flatMap((route) => [
      ...(route === all
        ? []
        : [{ flag: pathFlag(route), path: [...SERVER, route.key], value: {} }]),
      ...serverSettings(route),
      ...targetSettings(route),
      ...(route === all ? [] : ownSettings(route)),
    ]),
  ];
}

/** `--path` as the user wrote it, since there may be several. */
function pathFlag({ key }: Group): string {
  return `--path ${/^[\w./-]+$/.test(key) ? key : quote(key)}`;
}

function pathProblems(
  group: Group,
  at: number,
  all: Group,
  paths: readonly Group[],
): Setting[] {
  const flag = pathFlag(group);
  const path = ["--path"];
  const before = paths.slice(0, at).some(({ key }) => key === group.key);
  const stray = valuesOf("--server", all.flags);
  if (!leads(group)) {
    const servers = paths.length === 1 && stray.length > 0 ? stray : ["127.0.0.1:5900"];
    const line = ["wstunnel", "--path", shellWord(group.key || "/")]
      .concat(servers.flatMap((server) => ["--server", shownServer(server)]));
    return [{ flag, path, rule: `must have a --server behind it, as in: ${line.join(" ")}` }];
  }
  if (before) {
    return [{ flag, path, rule: "must be given once: put its --servers behind the first" }];
  }
  if (group.key === all.key && leads(all)) {
    return [{
      flag,
      path,
      rule: "is the --server, or --targets, before it already: put that behind it",
    }];
  }
  return [];
}

/** A command may hold a password. */
function shownServer(server: string): string {
  return server.startsWith("exec:") ? "exec:COMMAND" : shellWord(server);
}

/** What a route says for itself. */
function ownSettings({ key, flags }: Group): Setting[] {
  return FLAGS.filter(({ perRoute }) => perRoute)
    .flatMap((flag) => flagSettings(flag, flags, [...SERVER, key, ...flag.path!.slice(1)]));
}

function targetSettings({ key, flags }: Group): Setting[] {
  const flag = FLAGS.find(({ name }) => name === "--targets")!;
  return flagSettings(flag, flags, [...SERVER, key, "targets", "file"]);
}

function serverSettings({ key, flags }: Group): Setting[] {
  const flag = "--server";
  if (valuesOf(flag, flags).length === 0) return [];
  const hosts = valuesOf(flag, flags).map(toHost);
  const path = [...SERVER, key, "hosts"];
  const broken = hosts.filter((host) => "rule" in host).map((host) => ({ flag, path, ...host }));
  const tables = hosts.map((host) => "rule" in host ? STAND_IN : host.host);
  return [...broken, { flag, path, value: tables }];
}

/** Breaks no rule, so that what is wrong with the other servers, or with --path, shows as well. */
const STAND_IN = { port: 1 };

type ServerHost = { host: Record<string, unknown> } | { rule: string; text: string };

function toHost(text: string): ServerHost {
  if (text.startsWith("exec:")) return { host: { exec: text.slice("exec:".length) } };
  const overTls = text.startsWith("tls:");
  if (text.startsWith("tls://")) {
    return { rule: `TLS to a backend is written tls:${text.slice("tls://".length)}`, text };
  }
  const parsed = parseAddress(overTls ? text.slice("tls:".length) : text);
  if ("problem" in parsed) {
    const forms = ", unix:/path, tls:host:port or exec:COMMAND";
    return { rule: parsed.problem.replace(/ or unix:\/path\b/, forms), text };
  }
  const { address } = parsed;
  if (overTls) {
    return address.transport === "tcp"
      ? { host: { host: address.hostname, port: address.port, tls: true } }
      : { rule: "tls: stands in front of host:port or [v6]:port", text };
  }
  return address.transport === "tcp"
    ? { host: { host: address.hostname, port: address.port } }
    : { host: { socket: formatAddress(address).slice("unix:".length) } };
}
