/**
 * The effective configuration: the one type that flags and TOML become. Times are in milliseconds, sizes in bytes. What the values
 * mean stands with their keys.
 *
 * @module
 */
import type { Address, HandedAddress } from "../base/address.ts";
import type { ANY_HOST, EXEC, PROGRAM } from "./host_keys.ts";
import type { Values } from "./key.ts";
import type { FOR_ALL, ROUTE } from "./keys.ts";
import type { ANY_LISTENER, SOCKET_FILE } from "./listener.ts";
import type { TARGETS } from "./target_keys.ts";
import type { TOP } from "./top_keys.ts";
import type { WebConfig } from "./web_keys.ts";

/** What carries tunnels, `auto` being no answer. */
export type EngineName = Exclude<Config["engine"], "auto">;
export type FrameType = Config["routeDefaults"]["frameType"];
export type PolicyName = Config["routeDefaults"]["balance"];

/** How a started program gets its listening socket: it makes its own, or it inherits ours as descriptor 0 or 3. */
export type SocketHandover = ProgramConfig["handover"];

/** What follows when a program has ended by itself. */
export type OnExit = ProgramConfig["onExit"];

/** Whether a listener takes the PROXY protocol from those that are trusted. */
export type ProxyProtocol = NonNullable<ListenEntry["proxyProtocol"]>;

/** Where clients connect, as it is written. */
export interface ListenEntry extends Values<typeof ANY_LISTENER> {
  readonly address: Address | HandedAddress;
  /** Of a unix-domain socket that has a file. */
  readonly file?: SocketFile;
}

/** Where clients connect. */
export interface ListenConfig extends ListenEntry {
  readonly address: Address;
}

/** Whom a socket's file lets connect: whoever may write to it. */
export type SocketFile = Values<typeof SOCKET_FILE>;

export interface Config extends Values<typeof TOP>, Values<typeof FOR_ALL> {
  /** In file order: the first match wins. */
  readonly routes: readonly RouteConfig[];
  /** What stands under `[wstunnel]`: each route has its own copy, with what it says for itself. */
  readonly routeDefaults: RouteSettings;
}

/** What may differ from route to route. */
export type RouteSettings = Values<typeof ROUTE>;

/** A key of `wstunnel.server`, the hosts behind it and what holds for it. */
export interface RouteConfig extends RouteSettings {
  /** A path prefix when it starts with `/`, else a path suffix. */
  readonly key: string;
  /** None where it has targets, or nothing but files. */
  readonly hosts: readonly HostConfig[];
  /** In place of hosts. */
  readonly targets?: TargetsConfig;
  /** Files for who asks for no tunnel; without it those for all. */
  readonly web?: WebConfig;
}

/** What says where each request of a route leads. */
export interface TargetsConfig extends Values<typeof TARGETS> {
  /** What holds for every one of them. */
  readonly host: Values<typeof ANY_HOST>;
}

export interface HostConfig extends Values<typeof ANY_HOST> {
  /** Where it listens, or the program that is started for each tunnel. */
  readonly target: Address | ExecTarget;
  /** The program to start when nothing listens at the address. */
  readonly program?: ProgramConfig;
}

/** One process a tunnel, spoken to over its standard input and output. */
export interface ExecTarget extends Values<typeof EXEC> {
  readonly transport: "exec";
  readonly command: readonly string[];
}

export interface ProgramConfig extends Values<typeof PROGRAM> {
  /** The program and its arguments, with placeholders `{socket}`, `{host}`, `{port}`, `{id}`. */
  readonly command: readonly string[];
}
