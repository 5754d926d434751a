/**
 * `wstunnel top`: what goes on in a server, in a terminal.
 *
 * @module
 */
import { shorten } from "../../base/shorten.ts";
import { type AdminPlace, askAdmin, explainAnswer } from "../admin_client.ts";
import { type Feed, lookAt, startFeed } from "./feed.ts";
import { inkOf } from "./ink.ts";
import { paint } from "./paint.ts";
import { press } from "./press.ts";
import { printOnce } from "./once.ts";
import { type Action, beginTop, type Happening, type Seen, take } from "./state.ts";
import { openTerminal, type Terminal, terminalSize } from "./terminal.ts";
import { view } from "./view.ts";

export interface TopOptions {
  readonly writeOut: (text: string) => void;
  readonly complain: (text: string) => void;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Whether to print it once as text. */
  readonly isOnce: boolean;
}

/** Runs until it is quit and gives the exit code: 1 where the server doesn't answer at the start. */
export async function runTop(place: AdminPlace, options: TopOptions): Promise<number> {
  const { environment, isTerminal, isOnce } = options;
  const looked = await lookAt(place);
  if ("problem" in looked) {
    options.complain(looked.problem);
    return 1;
  }
  const isDrawn = isTerminal && !isOnce && Deno.stdin.isTerminal() && canDraw(environment["TERM"]);
  if (isDrawn) await draw(place, looked.seen, options);
  else await printOnce(place, looked.seen, options);
  return 0;
}

/** Whether a terminal of this name moves its cursor. */
function canDraw(name: string | undefined): boolean {
  return name !== undefined && name !== "" && name !== "dumb";
}

async function draw(place: AdminPlace, seen: Seen, options: TopOptions): Promise<void> {
  const { writeOut, environment } = options;
  const ink = inkOf(environment);
  const over = Promise.withResolvers<void>();
  let state = beginTop(seen, terminalSize(), Date.now());
  let drawn: readonly string[] | null = null;

  function show(): void {
    const lines = view(state, ink);
    const changes = paint(drawn, lines);
    drawn = lines;
    if (changes !== "") terminal.write(changes);
  }

  function happen(happening: Happening): void {
    state = { ...state, nowMs: Date.now() };
    if (happening.kind !== "key") {
      state = take(state, happening);
      return show();
    }
    const next = press(state, happening.key);
    state = next.state;
    show();
    if (next.action !== null) act(next.action);
  }

  /** Whatever goes wrong in here is to end with the terminal as it was. */
  const safely = <T extends unknown[]>(work: (...args: T) => void) => (...args: T) => {
    try {
      work(...args);
    } catch (error) {
      over.reject(error);
    }
  };
  const tell = safely(happen);

  const changed = () => {
    drawn = null;
    tell({ kind: "resized", size: terminal.size() });
  };

  function act(action: Action): void {
    if (action.kind === "quit") over.resolve();
    else if (action.kind === "suspend") terminal.suspend();
    else if (action.kind === "redraw") changed();
    else void change(place, action, tell, feed);
  }

  const terminal: Terminal = openTerminal(writeOut, {
    onKey: (key) => tell({ kind: "key", key }),
    onChange: safely(changed),
    onEnd: () => over.resolve(),
  });
  let feed: Feed;
  try {
    show();
    feed = startFeed(place, tell);
    await over.promise;
    feed.stop();
  } finally {
    terminal.close();
  }
}

/** A server's words on the last line. */
const MAX_NOTICE = 300;

type Change = Extract<Action, { kind: "end" | "drain" | "enable" }>;

/** Asks the server for a change and tells what came of it. */
async function change(
  place: AdminPlace,
  action: Change,
  tell: (happening: Happening) => void,
  feed: Feed,
): Promise<void> {
  const answer = action.kind === "end"
    ? await askAdmin(place, { method: "DELETE", path: `/api/tunnels/${action.id}` })
    : await askAdmin(place, {
      method: "POST",
      path: `/api/backends/${action.kind}`,
      body: { backend: action.backend, route: action.route },
    });
  const isDone = "status" in answer && (answer.status === 200 || answer.status === 204);
  const problem = isDone
    ? null
    : "problem" in answer
    ? answer.problem
    : explainAnswer(place, answer);
  const text = problem === null ? doneText(action) : shorten(problem, MAX_NOTICE);
  tell({ kind: "notice", notice: { text, isProblem: problem !== null } });
  feed.refresh();
}

function doneText(action: Change): string {
  if (action.kind === "end") return `tunnel ${action.id} is being ended`;
  const what = action.kind === "drain" ? "gets no new tunnels" : "gets tunnels again";
  return `${action.backend} of ${action.route} ${what}`;
}
