/**
 * Which frames are meant, where nothing says it.
 *
 * @module
 */
import type { Finding } from "./problem.ts";
import { hasFilesAlone, isTable, tableAt } from "./table.ts";

/** Warns where neither a route nor what holds for all of them says a frame type: most of what is tunnelled is binary. */
export function warnOfFrameType(raw: unknown): Finding[] {
  const wstunnel = tableAt(raw, ["wstunnel"]);
  if (wstunnel["frame-type"] !== undefined) return [];
  const unsaid = Object.entries(tableAt(wstunnel, ["server"]))
    .filter(([, route]) =>
      !isTable(route) || (route["frame-type"] === undefined && !hasFilesAlone(route))
    )
    .map(([key]) => JSON.stringify(key));
  if (unsaid.length === 0) return [];
  const rule =
    `is not set for ${
      unsaid.join(", ")
    }: clients that offer no subprotocol get text frames, which ` +
    `carry UTF-8 alone; VNC, SSH, databases and whatever else is binary need frame-type = "binary" ` +
    `(--frame-type binary), and "text" says that text is meant`;
  return [{ path: ["wstunnel", "frame-type"], rule }];
}
