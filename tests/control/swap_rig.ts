/** A server in the test's own process whose configuration is swapped, and clients whose tunnels move data all the while. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { formatAddress } from "../../lib/base/address.ts";
import type { LogFields, Logger, OpenedLog } from "../../lib/base/logger.ts";
import type { ProcReport } from "../../lib/events/event.ts";
import type { Config } from "../../lib/config/config.ts";
import { loadToml } from "../../lib/config/load.ts";
import { createServer, type Server } from "../../lib/control/server.ts";
import { createEvents } from "../../lib/events/events.ts";
import { createLogSink } from "../../lib/events/log/sink.ts";
import { eventually } from "../support/eventually.ts";
import { openTunnel, type RawClient } from "../support/raw_client.ts";

/** A configuration's top, and the hosts of its routes. */
export interface Layout {
  readonly top?: string;
  readonly wstunnel?: string;
  /** @default "binary" */
  readonly frameType?: "binary" | "text";
  /** Lines of TOML for each host, by key. */
  readonly routes: Readonly<Record<string, readonly string[]>>;
}

export function configOf(
  { top = "", wstunnel = "", frameType = "binary", routes }: Layout,
): Config {
  const hosts = Object.entries(routes).flatMap(([key, hosts]) =>
    hosts.map((host) => `[[wstunnel.server.${JSON.stringify(key)}]]\n${host}`)
  );
  const text = [
    'listen = "127.0.0.1:0"',
    top,
    `[wstunnel]\nframe-type = "${frameType}"`,
    wstunnel,
    ...hosts,
  ].join("\n");
  const loaded = loadToml({ file: { path: "test.toml", text }, flags: [] });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

export interface RunningServer extends AsyncDisposable {
  readonly server: Server;
  readonly address: string;
  swap(layout: Layout): void;
  /** The messages of the log, with their fields. */
  said(message: string): LogFields[];
  rows(route: string): ProcReport[];
}

export async function startServer(layout: Layout): Promise<RunningServer> {
  const lines: { readonly message: string; readonly fields: LogFields }[] = [];
  const at = (message: string, fields: LogFields = {}) => void lines.push({ message, fields });
  const log: Logger & Pick<OpenedLog, "flushed"> = {
    error: at,
    warn: at,
    info: at,
    answer: at,
    debug: at,
    debugs: false,
    informs: true,
    flushed: () => Promise.resolve(),
  };
  const events = createEvents([createLogSink(log)]);
  const server = createServer(configOf(layout), events);
  assert.equal(await server.listen(), null);
  await server.start();
  return {
    server,
    address: formatAddress(server.listeners[0]!.address),
    swap: (layout) => swap(server, configOf(layout)),
    said: (message) => lines.filter((line) => line.message === message).map(({ fields }) => fields),
    rows: (route) => server.report().filter((row) => row.route === route),
    async [Symbol.asyncDispose]() {
      await server.drain(() => new Promise(() => {}));
      await server.close();
      events.close();
    },
  };
}

/** Makes a configuration the one that holds, but for its listeners. */
export function swap({ parts: [rules] }: Server, config: Config): void {
  const ready = rules.prepare(config);
  assert.ok(!("problem" in ready));
  ready.commit();
}

/** Whom a configuration that checks origins lets in. */
const GOOD = { Origin: "https://good.example" };

/** A tunnel whose backend echoes; it sends and checks what comes back, round after round, until it is ended. */
export interface Talker {
  readonly rounds: number;
  /** Fails where a byte was lost or the tunnel was ended by anybody else. */
  end(): Promise<void>;
}

export async function talk(address: string, path: string): Promise<Talker> {
  const client = await openTunnel(address, path, GOOD);
  const [sent, received] = [createHash("sha256"), createHash("sha256")];
  let rounds = 0;
  let ending = false;
  const run = async () => {
    while (!ending) {
      const bytes = crypto.getRandomValues(new Uint8Array(1 + Math.floor(Math.random() * 2000)));
      await client.send(2, bytes);
      sent.update(bytes);
      received.update(await client.payload(bytes.length));
      rounds++;
      // So that nobody is kept from his turn by who is always ready.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const running = run();
  running.catch(() => {});
  return {
    get rounds() {
      return rounds;
    },
    async end() {
      ending = true;
      await running;
      assert.equal(received.digest("hex"), sent.digest("hex"), `what came back on ${path}`);
      await leave(client);
    },
  };
}

/** Waits until each has had a round since now, begun after now. */
export async function allGoOn(talkers: readonly Talker[]): Promise<void> {
  const before = talkers.map(({ rounds }) => rounds);
  await eventually(
    "a round of every tunnel",
    () => talkers.every(({ rounds }, at) => rounds >= before[at]! + 2),
  );
}

/** Opens a tunnel, has a round and leaves. */
export async function visit(address: string, path: string): Promise<void> {
  const client = await openTunnel(address, path, GOOD);
  await client.send(2, "hello");
  assert.equal(new TextDecoder().decode(await client.payload(5)), "hello");
  await leave(client);
}

async function leave(client: RawClient): Promise<void> {
  assert.equal((await client.close(1000)).code, 1000);
  client[Symbol.dispose]();
}
