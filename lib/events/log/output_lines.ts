/**
 * Lines of what programs print.
 *
 * @module
 */
import { info, type LinesOf } from "./line.ts";

export const OUTPUT_LINES: LinesOf<"program-output" | "program-output-left-out"> = {
  // In a field: as the message it could pass for one of ours.
  "program-output": ({ kind: _, stream, line, ...names }) =>
    info("output", { ...names, stream, line }),
  "program-output-left-out": ({ kind: _, lines, ...names }) =>
    info("output left out", { ...names, lines }),
};
