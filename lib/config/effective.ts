/**
 * A configuration with nothing wrong to the effective one, and back: what is implied. Names and units follow from the keys.
 *
 * @module
 */
import { type Address, parseUnixPath } from "../base/address.ts";
import type { Config, HostConfig, RouteConfig, RouteSettings, TargetsConfig } from "./config.ts";
import { ANY_HOST, EXEC, PROGRAM, TARGET } from "./host_keys.ts";
import { decode, decodeSaid, encode, isSame, type Values } from "./key.ts";
import { FOR_ALL, ROUTE } from "./keys.ts";
import { TARGETS } from "./target_keys.ts";
import { hostsOf, isSocketPath, isTable, type Table, tableAt } from "./table.ts";
import { TOP } from "./top_keys.ts";
import { web } from "./web_keys.ts";

/** Turns a configuration that broke no rule into the effective one. */
export function toConfig(raw: unknown): Config {
  const wstunnel = tableAt(raw, ["wstunnel"]);
  const routeDefaults = decode(ROUTE, wstunnel);
  return {
    ...decode(TOP, tableAt(raw, [])),
    ...decode(FOR_ALL, wstunnel),
    routes: Object.entries(tableAt(wstunnel, ["server"])).map(([key, route]) => ({
      key,
      hosts: hostsOf(route, []).map(({ host }) => toHost(host)),
      ...routeDefaults,
      ...(isTable(route) && decodeSaid(ROUTE, route)),
      ...(isTable(route) && isTable(route["targets"]) &&
        { targets: toTargets(route, route["targets"]) }),
      ...(isTable(route) && route["web"] !== undefined && { web: web.decode(route["web"]) }),
    })),
    routeDefaults,
  };
}

function toTargets(route: Table, targets: Table): TargetsConfig {
  return { ...decode(TARGETS, targets), host: decode(ANY_HOST, route) };
}

function toHost(host: Table): HostConfig {
  const { exec, program, ...address } = decode(TARGET, host, "tcp");
  return {
    target: exec === undefined
      ? toAddress(address)
      : { transport: "exec", command: exec, ...decode(EXEC, host, "exec") },
    ...(program && { program: { command: program, ...decode(PROGRAM, host, "program") } }),
    ...decode(ANY_HOST, host),
  };
}

function toAddress({ host, port, socket }: Values<typeof TARGET>): Address {
  const path = socket ?? (isSocketPath(host) ? host : undefined);
  if (path === undefined) return { transport: "tcp", hostname: host, port: port! };
  const parsed = parseUnixPath(path);
  if ("problem" in parsed) throw new TypeError(`The check let a path pass: ${parsed.problem}`);
  return parsed.address;
}

/**
 * Turns an effective configuration into the tables of a file that means the same, all but the values that are hidden. `tells`: to somebody who may
 * read the file as well; others are told nothing that may be a secret.
 */
export function toFile(config: Config, tells = true): Record<string, unknown> {
  const { routes, routeDefaults } = config;
  return {
    ...encode(TOP, config),
    wstunnel: {
      ...encode(ROUTE, routeDefaults),
      ...encode(FOR_ALL, config),
      server: Object.fromEntries(
        routes.map((route) => [route.key, toFileRoute(route, routeDefaults, tells)]),
      ),
    },
  };
}

/** The list of its hosts, or where it has settings of its own, files, or targets, a table with these. */
function toFileRoute(route: RouteConfig, defaults: RouteSettings, tells: boolean): unknown {
  const hosts = route.hosts.map((host) => toFileHost(host, tells));
  const all = encode(ROUTE, defaults);
  const settings = Object.entries(encode(ROUTE, route))
    .filter(([name, value]) => !isSame(value, all[name]));
  const files = route.web === undefined ? [] : [["web", web.encode(route.web)]];
  const own = Object.fromEntries([...settings, ...files]);
  const { targets } = route;
  if (targets !== undefined) {
    return { ...own, ...encode(ANY_HOST, targets.host), targets: encode(TARGETS, targets) };
  }
  if (hosts.length === 0) return own;
  return Object.keys(own).length === 0 ? hosts : { ...own, hosts };
}

function toFileHost(host: HostConfig, tells: boolean): Record<string, unknown> {
  const { target, program } = host;
  return {
    ...encode(TARGET, toTarget(host), tells),
    ...(target.transport === "exec" && encode(EXEC, target)),
    ...encode(ANY_HOST, host),
    ...(program && encode(PROGRAM, program)),
  };
}

/** What says what a host is, as its keys have it. */
export function toTarget({ target, program }: HostConfig): Partial<Values<typeof TARGET>> {
  return {
    ...(target.transport === "tcp" && { host: target.hostname, port: target.port }),
    ...(target.transport === "unix" && { socket: target.path.replace(/^\0/, "@") }),
    ...(target.transport === "exec" && { exec: target.command }),
    ...(program && { program: program.command }),
  };
}
