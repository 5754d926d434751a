/**
 * The effective configuration: the one type that flags and TOML become. Times are in milliseconds, sizes in bytes.
 *
 * @module
 */
import type { Address } from "../base/address.ts";
import type { LogFormat } from "../base/log_level.ts";

export type EngineName = "native" | "stream";
export type FrameType = "text" | "binary";
export type PolicyName = "fair" | "least-connection" | "round-robin" | "hash" | "sticky";

/** How a started program gets its listening socket: it makes its own, or it inherits ours as descriptor 0 or 3. */
export type SocketHandover = "none" | "stdin" | "listen-fds";

/** Where clients connect. */
export interface ListenConfig {
  readonly address: Address;
  /** Of a unix-domain socket that has a file. */
  readonly file?: SocketFile;
}

/** Whom a socket's file lets connect: whoever may write to it. */
export interface SocketFile {
  /** Permissions, as of chmod(2). */
  readonly mode: number;
  /** A name or a number; absent: the process's. */
  readonly owner?: string;
  readonly group?: string;
}

export interface Config {
  readonly listen: readonly ListenConfig[];
  readonly engine: EngineName;
  readonly logFormat: LogFormat;
  /** 0 none, 1 errors, 2 warnings, 3 information, 4 and above debug. */
  readonly debug: number;
  /** How long open tunnels have to end after SIGTERM. */
  readonly graceMs: number;
  /** How long a client may take to send its request head. */
  readonly handshakeTimeoutMs: number;
  /** Canonical path where a plain request is answered that we are well; empty: none. */
  readonly healthPath: string;
  /** In file order: the first match wins. */
  readonly routes: readonly RouteConfig[];
  /** What stands under `[wstunnel]`: each route has its own copy, with what it says for itself. */
  readonly routeDefaults: RouteSettings;
  /** From a suffix (`.console`) to the key that is matched in its place. */
  readonly mapExtensions: Readonly<Record<string, string>>;
  /** Largest receive queue of a client in the native engine. */
  readonly maxBufferBytes: number;
  /** Size of each of a tunnel's two buffers in the stream engine. */
  readonly bufferBytes: number;
}

/** What may differ from route to route. */
export interface RouteSettings {
  readonly balance: PolicyName;
  readonly frameType: FrameType;
  /** Entries as written; empty admits every origin. */
  readonly origins: readonly string[];
  /** Subprotocols accepted besides `binary` and `base64`; null: those that are known to carry a byte stream. */
  readonly subprotocols: readonly string[] | null;
  /** 0: no Pings. */
  readonly pingIntervalMs: number;
}

/** A key of `wstunnel.server`, the hosts behind it and what holds for it. */
export interface RouteConfig extends RouteSettings {
  /** A path prefix when it starts with `/`, else a path suffix. */
  readonly key: string;
  readonly hosts: readonly HostConfig[];
}

export interface HostConfig {
  /** Where it listens, or the program that is started for each tunnel. */
  readonly target: Address | ExecTarget;
  /** The program to start when nothing listens at the address. */
  readonly program?: ProgramConfig;
  /** A failed address is left alone for so long. */
  readonly disableTimeMs: number;
  readonly connectTimeoutMs: number;
  /** A backend silent for so long ends the tunnel; 0: never. */
  readonly readTimeoutMs: number;
  /** A backend that takes no byte for so long ends the tunnel; 0: never. */
  readonly writeTimeoutMs: number;
  /** Whether the client's end of stream becomes a half-close, the backend's answer still being sent. */
  readonly tcpFinPropagate: boolean;
}

/** One process a tunnel, spoken to over its standard input and output. */
export interface ExecTarget {
  readonly transport: "exec";
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Names of the variables passed on; null: all. */
  readonly copyEnvironment: readonly string[] | null;
  /** Processes that may run at once. */
  readonly maxProcs: number;
  /** Of these for the clients of one address; 0: no share; null: half, and none for loopback. */
  readonly maxProcsPerClient: number | null;
  readonly killSignal: Deno.Signal;
}

export interface ProgramConfig {
  /** The program and its arguments, with placeholders `{socket}`, `{host}`, `{port}`, `{id}`. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Names of the variables passed on; null: all. */
  readonly copyEnvironment: readonly string[] | null;
  readonly minProcs: number;
  readonly maxProcs: number;
  /** Mean number of open tunnels a process above which another is started. */
  readonly maxLoadPerProc: number;
  /** A process beyond `minProcs` unused for so long is stopped. */
  readonly idleTimeoutMs: number;
  readonly listenBacklog: number;
  readonly killSignal: Deno.Signal;
  readonly handover: SocketHandover;
}
