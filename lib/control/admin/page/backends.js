/**
 * The backends, each with its state in words and by a mark, and a button that takes it out of use or puts it back.
 *
 * @module
 */
import { make, mark, say } from "./elements.js";
import { countInWords, countOf, stateInWords } from "./words.js";

/** @typedef {import("../shapes.ts").BackendRow} BackendRow */

/** So many are shown; of more, those that are not as they should be come first. */
const MOST = 200;

/**
 * @param {object} parts
 * @param {HTMLElement} parts.list
 * @param {HTMLElement} parts.words
 * @param {(row: BackendRow) => void} parts.change drains it, or enables it where it is drained
 */
export function createBackends({ list, words, change }) {
  /** @type {Map<string, ReturnType<typeof createItem>>} */
  const items = new Map();
  return {
    /** @param {readonly BackendRow[]} rows @param {number} now Unix time in milliseconds */
    show(rows, now) {
      const seen = new Set();
      for (const row of chosen(rows, now)) {
        const key = JSON.stringify([row.route, row.backend, row.pid ?? null]);
        seen.add(key);
        const item = items.get(key) ?? createItem(change);
        items.set(key, item);
        if (list.children[seen.size - 1] !== item.element) {
          list.insertBefore(item.element, list.children[seen.size - 1] ?? null);
        }
        item.show(row, now);
      }
      for (const [key, { element }] of items) {
        if (seen.has(key)) continue;
        element.remove();
        items.delete(key);
      }
      say(words, summary(rows, now));
    },
  };
}

/** @param {readonly BackendRow[]} rows @param {number} now */
function chosen(rows, now) {
  if (rows.length <= MOST) return rows;
  const good = (/** @type {BackendRow} */ row) => Number(stateInWords(row, now).mark === "good");
  return [...rows].sort((a, b) => good(a) - good(b)).slice(0, MOST);
}

/** @param {readonly BackendRow[]} rows @param {number} now */
function summary(rows, now) {
  const marks = rows.map((row) => stateInWords(row, now).mark);
  const bad = marks.filter((name) => name === "bad").length;
  const leaving = marks.filter((name) => name === "leaving").length;
  return [
    rows.length === 0 ? "none yet" : countInWords(rows.length),
    ...bad > 0 ? [`${countInWords(bad)} out of use`] : [],
    ...leaving > 0 ? [`${countInWords(leaving)} draining`] : [],
    ...rows.length > MOST ? [`${countInWords(MOST)} of them shown`] : [],
  ].join(", ");
}

/** @param {(row: BackendRow) => void} change */
function createItem(change) {
  /** @type {BackendRow | null} */
  let current = null;
  const element = make("li");
  const [name, route, state, figures] = ["name", "route", "state", "figures"].map((part) =>
    make("span", "", { class: part })
  );
  const button = make("button", "", { type: "button" });
  if (!name || !route || !state || !figures) throw new Error("not reached");
  button.addEventListener("click", () => current !== null && change(current));
  element.append(name, route, state, figures, button);
  return {
    element,
    /** @param {BackendRow} row @param {number} now */
    show(row, now) {
      current = row;
      const { mark: form, words } = stateInWords(row, now);
      mark(state, "data-mark", form);
      say(state, words);
      say(name, row.pid === undefined ? row.backend : `${row.backend}, process ${row.pid}`);
      mark(name, "title", row.backend);
      say(route, row.route);
      say(figures, figuresOf(row));
      // What is configured no more is sent nobody anyway.
      button.hidden = row.state === "draining" && !row.drained;
      say(button, row.drained ? "Enable" : "Drain");
      mark(
        button,
        "aria-label",
        `${row.drained ? "Enable" : "Drain"} ${row.backend} of ${row.route}`,
      );
    },
  };
}

/** @param {BackendRow} row */
function figuresOf({ load, tunnelsServed, failures }) {
  return `load ${countInWords(load)} · ${countInWords(tunnelsServed)} served · ${
    countOf(failures, "failure")
  }`;
}
