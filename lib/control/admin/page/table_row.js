/**
 * A row of the table of tunnels.
 *
 * @module
 */
import { make, mark } from "./elements.js";
import { COLUMNS } from "./rows.js";

/** @typedef {import("../shapes.ts").TunnelRow} TunnelRow */

/** @param {(row: TunnelRow) => void} end */
export function createRow(end) {
  /** @type {TunnelRow | null} */
  let current = null;
  const element = make("tr", "", { role: "row" });
  const cells = COLUMNS.map(({ key, isNumber = false }) => {
    const cell = make("td", "", { role: "cell", "data-key": key });
    if (isNumber) cell.className = "number";
    const text = document.createTextNode("");
    cell.append(text);
    element.append(cell);
    return { cell, text, isWords: !isNumber };
  });
  const button = make("button", "End…", { type: "button" });
  button.addEventListener("click", () => current !== null && end(current));
  const last = make("td", "", { role: "cell", "data-key": "end" });
  last.append(button);
  element.append(last);
  let at = -1;
  return {
    element,
    button,
    /** @param {TunnelRow} row @param {number} index @param {boolean} isTabStop */
    show(row, index, isTabStop) {
      current = row;
      for (const [column, { cell, text, isWords }] of cells.entries()) {
        const words = COLUMNS[column]?.text(row) ?? "";
        if (text.data === words) continue;
        text.data = words;
        // What is cut off can be read so.
        if (isWords) cell.title = words;
      }
      mark(element, "data-waits", row.waits ?? "");
      mark(button, "aria-label", `End tunnel ${row.id} of ${row.client}`);
      mark(button, "tabindex", isTabStop ? "0" : "-1");
      if (at === index) return;
      at = index;
      element.setAttribute("aria-rowindex", String(index + 2));
      element.classList.toggle("odd", index % 2 === 1);
      element.style.setProperty("--at", String(index));
    },
  };
}
