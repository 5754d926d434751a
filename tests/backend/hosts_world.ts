/**
 * Hosts under configurations that follow each other, with real programs.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Lease } from "../../lib/backend/backend.ts";
import type { ProcReport } from "../../lib/events/event.ts";
import { createHosts } from "../../lib/backend/hosts.ts";
import { createPool, type RoutePool } from "../../lib/backend/pool.ts";
import type { HostConfig, ProgramConfig, RouteConfig } from "../../lib/config/config.ts";
import { hostConfig, keptLog, leased, programConfig, request, roundTrip } from "./setting.ts";

const PROGRAM = new URL("program.ts", import.meta.url).pathname;

/** An echoing program, told apart from others by its name. */
export function echo(name: string, ...options: readonly string[]): string[] {
  const run = [Deno.execPath(), "run", "--quiet", "--no-lock", "--allow-all", PROGRAM];
  return [...run, `name=${name}`, ...options];
}

/** Of the programs' sockets, until the test is over. */
const folders: string[] = [];

/** Hosts, and configurations of them one after the other. */
export function world(first: readonly RouteConfig[]) {
  const { events, lines } = keptLog();
  const hosts = createHosts(events);
  let pools = new Map<string, RoutePool>();
  const configure = (routes: readonly RouteConfig[]) => {
    const last = pools;
    pools = new Map(routes.map((route) => [route.key, createPool(route, hosts, events.emit)]));
    hosts.adopt(pools, pools);
    const settled = Promise.all([...last.values()].map((pool) => pool.settled()));
    void settled.then(() => hosts.release(last));
    return hosts.start();
  };
  const started = configure(first);
  const poolOf = (key = "/test") => pools.get(key)!;
  return {
    started,
    /** Configures others; resolves once what they keep running is up. */
    swap: (...routes: readonly RouteConfig[]) => configure(routes),
    pool: poolOf,
    connect: async (key?: string) => leased(await poolOf(key).connect(request())),
    report: () => [...pools.values()].flatMap((pool) => pool.report()),
    draining: () => hosts.draining(),
    said: (message: string) => lines.filter((line) => line.message === message),
    [Symbol.asyncDispose]: async () => {
      await hosts.stop();
      for (const folder of folders.splice(0)) Deno.removeSync(folder, { recursive: true });
    },
  };
}

export function pidsOf(rows: readonly ProcReport[]): number[] {
  return rows.flatMap(({ pid }) => pid === null ? [] : [pid]);
}

/** A program's host at a socket of its own, and the same one otherwise. */
export function programHost(command: readonly string[], change: Partial<ProgramConfig> = {}) {
  const folder = Deno.makeTempDirSync();
  folders.push(folder);
  const target = { transport: "unix", path: `${folder}/s` } as const;
  const host = (command: readonly string[], more: Partial<ProgramConfig> = {}): HostConfig =>
    hostConfig(target, {
      disableTimeMs: 50,
      program: programConfig(command, { maxProcs: 1, ...change, ...more }),
    });
  return { target, host, first: host(command) };
}

export async function serves(lease: Lease): Promise<void> {
  assert.equal(await roundTrip(lease, "hello"), "hello");
}
