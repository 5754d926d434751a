/**
 * The engines under test, and what each can't do: the one place where their tests differ.
 */

import { sharedLibc } from "../../lib/sys/libc.ts";

export type Engine = "native" | "stream" | "loop";

/** What carries the tunnels of plain listeners unless a configuration says otherwise. */
export const PLAIN: Engine = sharedLibc.ok ? "loop" : "stream";

/** `WSTUNNEL_ENGINES=native,stream` chooses which are tested. */
const chosen = Deno.env.get("WSTUNNEL_ENGINES")?.split(",") as Engine[] | undefined;

/** For what is above all engines, or shared by the two that have our tunnels: `stream` is TLS's, and has the tests of {@linkcode DRIVERS}. */
export const ENGINES: readonly Engine[] = chosen ?? [PLAIN, "native"];

/** For how bytes are moved, and how connections end. */
export const DRIVERS: readonly Engine[] = chosen ??
  [...new Set([PLAIN, "stream", "native"] as const)];

/** What a test may need of an engine. */
export type Ability =
  | "see HTTP/1.0"
  | "close on a protocol error"
  | "refuse unmasked frames"
  | "refuse longer lengths than needed"
  | "send after the client's Close"
  | "count Pings as life"
  | "pause a client"
  | "close a connection that is reset as it is upgraded"
  | "end its connections in order"
  | "ping again after a suspension"
  | "close while its client sends"
  | "pass fragments on"
  | "time a head out"
  | "hear a client that reads nothing"
  | "cut a client off"
  | "answer any head"
  | "end the connection behind a refusal"
  | "say nothing but what it must"
  | "take a length of 0 with an upgrade"
  | "refuse long control frames"
  | "refuse fragments that end inside a character"
  | "take what comes behind a Close"
  | "take code 1014"
  | "say why a code is refused"
  | "echo a code alone"
  | "see its connections"
  | "wait for a slow reader"
  | "overflow";

/** Why an engine can't: from the measurements of the runtime, and from how the engines are made. */
export const LIMITS: Readonly<Record<Engine, Readonly<Partial<Record<Ability, string>>>>> = {
  native: {
    "see HTTP/1.0": "the runtime doesn't tell a request's version",
    "close on a protocol error": "the runtime drops the connection without a Close",
    "refuse unmasked frames": "the runtime takes them",
    "refuse longer lengths than needed": "the runtime takes them",
    "send after the client's Close": "the runtime answers a Close at once",
    "count Pings as life": "the runtime answers Pings and tells nobody",
    "end its connections in order": "at its shutdown the runtime may drop them with bytes unread",
    "close a connection that is reset as it is upgraded":
      "where its 101 can't be sent the runtime neither closes the connection nor tells",
    "see its connections": "the runtime shows no connections",
    "wait for a slow reader":
      "the runtime sends the Pings and waits for one interval, whatever stands before them",
    "ping again after a suspension": "the runtime judges by its own timer, before it reads",
    "close while its client sends":
      "the runtime drops the connection at the next message behind its Close",
    "pass fragments on": "held by the runtime until it is whole",
    "answer any head": "the runtime reads the head and answers as it likes",
    "end the connection behind a refusal": "the runtime keeps it for another request",
    "say nothing but what it must": "the runtime adds the time of day",
    "cut a client off": "the runtime has no timeout for it",
    "hear a client that reads nothing": "the runtime tells of no Close that it can't answer",
    "time a head out": "the runtime has no timeout for it",
    "take a length of 0 with an upgrade": "the runtime answers it itself",
    "refuse long control frames": "the runtime takes it",
    "refuse fragments that end inside a character":
      "the runtime looks at each fragment's start only",
    "take what comes behind a Close": "the runtime ends the connection behind its answer",
    "take code 1014": "the runtime knows the codes up to 1013",
    "say why a code is refused": "the runtime answers 1002 without a word",
    "echo a code alone": "the runtime echoes the reason, too",
    "pause a client": "the runtime fetches the next message whether or not the last was dealt with",
  },
  stream: {
    "overflow": "a client waits for a slow backend, so nothing can overflow",
  },
  loop: {
    "overflow": "a client waits for a slow backend, so nothing can overflow",
  },
};

export function can(engine: Engine, ability: Ability): boolean {
  return LIMITS[engine][ability] === undefined;
}

type Body = (engine: Engine) => Promise<void>;

/** Registers tests for each of some engines. */
export function testersFor(engines: readonly Engine[]) {
  return {
    /** Registers a test for each engine. */
    testEngines(name: string, body: Body): void {
      for (const engine of engines) Deno.test(`${engine}: ${name}`, () => body(engine));
    },

    /** Registers a test for each engine that has the ability; for the others it counts as ignored and says why. */
    testEnginesThat(ability: Ability, name: string, body: Body): void {
      for (const engine of engines) {
        const why = LIMITS[engine][ability];
        const suffix = why === undefined ? "" : ` (skipped: ${why})`;
        Deno.test({
          name: `${engine}: ${name}${suffix}`,
          ignore: why !== undefined,
          fn: () => body(engine),
        });
      }
    },

    /** Registers a test of what happens with each engine that has not the ability: it fails once that is no longer so. */
    testEnginesWithout(ability: Ability, name: string, body: Body): void {
      for (const engine of engines) {
        if (!can(engine, ability)) Deno.test(`${engine}: ${name}`, () => body(engine));
      }
    },
  };
}

export const { testEngines, testEnginesThat, testEnginesWithout } = testersFor(ENGINES);
