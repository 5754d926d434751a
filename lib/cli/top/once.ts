/**
 * What `top` shows as text, once: for what is no terminal, or one that can't move its cursor.
 *
 * @module
 */
import { startDeadline } from "../../base/deadline.ts";
import type { Sample } from "../../control/admin/shapes.ts";
import type { AdminPlace } from "../admin_client.ts";
import { BACKEND_COLUMNS, TUNNEL_COLUMNS } from "../columns.ts";
import { formatTable } from "../table.ts";
import { followSamples } from "./feed.ts";
import { isUnicode, NO_INK } from "./ink.ts";
import { plotLines } from "./plots.ts";
import { shownTunnels } from "./rows.ts";
import { beginTop, type Seen } from "./state.ts";
import { headText } from "./view.ts";

const COLUMNS = 80;

/** The history comes at once. */
const HISTORY_MS = 3_000;

export async function printOnce(
  place: AdminPlace,
  seen: Seen,
  { writeOut, environment }: {
    readonly writeOut: (text: string) => void;
    readonly environment: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const nowMs = Date.now();
  const state = beginTop(seen, { columns: COLUMNS, rows: 0 }, nowMs);
  const ink = { ...NO_INK, isUnicode: isUnicode(environment) };
  const lines = [
    headText(seen, nowMs),
    ...plotLines(await historyOf(place), 2, COLUMNS, ink).map((line) => line.trimEnd()),
    "",
    ...formatTable(BACKEND_COLUMNS, seen.backends),
    "",
    ...formatTable(TUNNEL_COLUMNS, shownTunnels(state)),
  ];
  writeOut(lines.map((line) => `${line}\n`).join(""));
}

async function historyOf(place: AdminPlace): Promise<readonly Sample[]> {
  const stopping = new AbortController();
  let samples: readonly Sample[] = [];
  const cancel = startDeadline(HISTORY_MS, () => stopping.abort());
  await followSamples(place, (happening) => {
    if (happening.kind !== "history") return;
    samples = happening.samples;
    stopping.abort();
  }, stopping.signal);
  cancel();
  return samples;
}
