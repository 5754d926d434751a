/**
 * The commands that ask a server that runs, by its admin listener. Loaded only by who gives one.
 *
 * @module
 */
import { CONTROLS, escapeControls, escapeInJson } from "../base/escape.ts";
import type { BackendRow, TunnelRow } from "../control/admin/shapes.ts";
import {
  type AdminAnswer,
  type AdminPlace,
  type AdminRequest,
  askAdmin,
  explainAnswer,
  objectIn,
  rowsIn,
} from "./admin_client.ts";
import { findAdmin } from "./admin_place.ts";
import type { Ask } from "./arguments.ts";
import { BACKEND_COLUMNS, TUNNEL_COLUMNS } from "./columns.ts";
import { type Column, formatTable } from "./table.ts";
import { runTop } from "./top/top.ts";

/** What a command is given besides its words. */
export interface CommandOptions {
  readonly writeOut: (text: string) => void;
  /** A line to standard error. */
  readonly complain: (text: string) => void;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
}

const DONE = 0;
const NOT_DONE = 1;
const USAGE = 2;

/** Certificates, tokens and programs of a large configuration are read and checked. */
const RELOAD_MS = 120_000;

/** Does what is asked for and gives the exit code: 0, 1 where it is not done, 2 where it isn't known where to ask. */
export async function runCommand(ask: Ask, options: CommandOptions): Promise<number> {
  const { complain } = options;
  const place = await findAdmin(ask.given, options.environment);
  if ("problem" in place) {
    complain(place.problem);
    return USAGE;
  }
  const wantsJson = ask.switches.includes("--json");
  const server = { ...options, place, wantsJson };
  switch (ask.command) {
    case "reload":
      return await reload(server);
    case "tunnels":
      return await list<TunnelRow>(server, "tunnels", TUNNEL_COLUMNS);
    case "backends":
      return await list<BackendRow>(server, "backends", BACKEND_COLUMNS);
    case "end":
      return await end(server, ask.words);
    case "drain":
    case "enable":
      return await turn(server, ask);
    case "top":
      return await runTop(place, { ...options, isOnce: ask.switches.includes("--once") });
  }
}

interface Server extends CommandOptions {
  readonly place: AdminPlace;
  readonly wantsJson: boolean;
}

/** An answer's text and object, or null once it has been said why there is none. */
async function asked(
  server: Server,
  request: AdminRequest,
  statuses: readonly number[] = [200],
) {
  const answer = await askAdmin(server.place, request);
  const problem = problemOf(server.place, answer, statuses);
  if (problem !== null) {
    server.complain(problem);
    return null;
  }
  const { text } = answer as { text: string };
  return { text, object: objectIn(text)! };
}

function problemOf(
  place: AdminPlace,
  answer: AdminAnswer,
  statuses: readonly number[],
): string | null {
  if ("problem" in answer) return answer.problem;
  const isRight = statuses.includes(answer.status) && objectIn(answer.text) !== null;
  return isRight ? null : explainAnswer(place, answer);
}

/** Something answers, and not as the admin listener does. */
function complainOfOther({ place, complain }: Server): number {
  complain(explainAnswer(place, { status: 200, text: "" }));
  return NOT_DONE;
}

function printJson({ writeOut }: Server, text: string): void {
  const line = text.trimEnd().replace(
    CONTROLS,
    (one) => /[\t\r\n]/.test(one) ? one : escapeInJson(one),
  );
  writeOut(`${line}\n`);
}

async function list<Row>(
  server: Server,
  name: "tunnels" | "backends",
  columns: readonly Column<Row>[],
): Promise<number> {
  const got = await asked(server, { method: "GET", path: `/api/${name}` });
  if (got === null) return NOT_DONE;
  const rows = rowsIn<Row>(got.object, name);
  if (rows === null) return complainOfOther(server);
  if (server.wantsJson) printJson(server, got.text);
  else server.writeOut(formatTable(columns, rows).map((line) => `${line}\n`).join(""));
  return DONE;
}

async function reload(server: Server): Promise<number> {
  const request = { method: "POST", path: "/api/reload", patienceMs: RELOAD_MS } as const;
  const got = await asked(server, request, [200, 422]);
  if (got === null) return NOT_DONE;
  const { changes, problems } = got.object;
  if (!Array.isArray(changes) && !Array.isArray(problems)) return complainOfOther(server);
  if (server.wantsJson) printJson(server, got.text);
  if (!Array.isArray(changes)) {
    if (!server.wantsJson) {
      for (const problem of wordsOf(problems)) server.complain(problem);
      server.complain("the reload is refused, the configuration before it still holds");
    }
    return NOT_DONE;
  }
  if (server.wantsJson) return DONE;
  const lines = wordsOf(changes);
  server.writeOut(lines.map((line) => `${line}\n`).join("") || "nothing has changed\n");
  return DONE;
}

function wordsOf(list: unknown): string[] {
  return Array.isArray(list) ? list.map((one) => escapeControls(String(one))) : [];
}

/** Tells of each; one that isn't there keeps none of the others from being ended. */
async function end(server: Server, ids: readonly string[]): Promise<number> {
  const { place, writeOut, complain } = server;
  let code = DONE;
  for (const id of ids) {
    const answer = await askAdmin(place, { method: "DELETE", path: `/api/tunnels/${Number(id)}` });
    if ("problem" in answer) {
      complain(answer.problem);
      return NOT_DONE;
    }
    if (answer.status === 204) {
      writeOut(`tunnel ${id} is being ended\n`);
    } else {
      complain(explainAnswer(place, answer));
      code = NOT_DONE;
    }
  }
  return code;
}

async function turn(server: Server, { command, words, given }: Ask): Promise<number> {
  const [backend] = words;
  const route = given.find(({ name }) => name === "--route")?.value;
  const body = { backend, ...(route !== undefined && { route }) };
  const got = await asked(server, { method: "POST", path: `/api/backends/${command}`, body });
  if (got === null) return NOT_DONE;
  if (typeof got.object["changed"] !== "number") return complainOfOther(server);
  if (server.wantsJson) {
    printJson(server, got.text);
  } else {
    const where = route === undefined ? "" : ` of ${route}`;
    const what = command === "drain" ? "gets no new tunnels" : "gets tunnels again";
    server.writeOut(`${escapeControls(`${backend}${where}`)} ${what}\n`);
  }
  return DONE;
}
