/** The line of every kind of event, as it stands in the log. */
import assert from "node:assert/strict";
import { openLog } from "../../../lib/base/logger.ts";
import type { Event, EventKind } from "../../../lib/events/event.ts";
import { createEvents } from "../../../lib/events/events.ts";
import { createLogSink } from "../../../lib/events/log/sink.ts";
import { BACKENDS } from "./backend_cases.ts";
import type { Cases } from "./cases.ts";
import { LIFE } from "./life_cases.ts";
import { PROGRAMS } from "./program_cases.ts";
import { REQUESTS } from "./request_cases.ts";
import { TUNNELS } from "./tunnel_cases.ts";

/** The compiler asks for all of them. */
const CASES: Cases<EventKind> = { ...LIFE, ...REQUESTS, ...TUNNELS, ...BACKENDS, ...PROGRAMS };

const KINDS = Object.keys(CASES) as EventKind[];

function eventsOf(kind: EventKind): [Event, string | null][] {
  return CASES[kind].map(([fields, line]) => [{ kind, ...fields } as Event, line]);
}

/** The lines of events at a level, without their times. */
function logged(level: number, events: readonly Event[]): string[] {
  const lines: string[] = [];
  const log = openLog({ format: "text", level, write: (line) => lines.push(line) });
  const { emit, close } = createEvents([createLogSink(log)]);
  for (const event of events) emit(event);
  close();
  return lines.map((line) => line.replace(/^\S+ /, "").trimEnd());
}

for (const kind of KINDS) {
  Deno.test(`the log's line of \`${kind}\``, () => {
    for (const [event, line] of eventsOf(kind)) {
      assert.deepEqual(logged(4, [event]), line === null ? [] : [line]);
    }
  });
}

Deno.test("the log has a line of each event that its level admits, and of a report at every level", () => {
  const all = KINDS.flatMap(eventsOf);
  const admitted = ["none", "error", "warning", "info", "debug"];
  for (const [level] of admitted.entries()) {
    const expected = all.filter(([{ kind }, line]) => {
      if (line === null || level === 0) return false;
      return kind.startsWith("report-") || admitted.indexOf(line.split(" ")[0]!) <= level;
    });
    const lines = logged(level, all.map(([event]) => event));
    assert.deepEqual(lines, expected.map(([, line]) => line), `${level}`);
  }
});

Deno.test("the log wants frames at debug level alone, and what programs print at that of information", () => {
  for (const [level, frames, output] of [[4, true, true], [3, false, true], [2, false, false]]) {
    const sink = createLogSink(openLog({ format: "text", level: Number(level) }));
    assert.deepEqual([sink.wants("frame"), sink.wants("program-output")], [frames, output]);
  }
});
