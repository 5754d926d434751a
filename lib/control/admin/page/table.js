/**
 * The table of tunnels. However many there are, the document has rows for those alone that can be seen; a row stays its tunnel's as long as it is
 * seen, so that the focus stays too, and of a cell that changes only the text does.
 *
 * @module
 */
import { make, mark } from "./elements.js";
import { COLUMNS, filtered, nextOrder, sorted } from "./rows.js";
import { createRow } from "./table_row.js";

/** @typedef {import("../shapes.ts").TunnelRow} TunnelRow */

/** Rows that are kept above and below what is seen, so that scrolling shows no gap. */
const BEYOND = 8;

/**
 * @param {object} parts
 * @param {HTMLElement} parts.scroller what scrolls, with the head at its top
 * @param {HTMLTableRowElement} parts.head
 * @param {HTMLTableSectionElement} parts.body
 * @param {(row: TunnelRow) => void} parts.end asks whether to end it
 * @param {(shown: number, all: number) => void} parts.counted
 */
export function createTable({ scroller, head, body, end, counted }) {
  /** @type {readonly TunnelRow[]} */
  let all = [];
  /** Filtered and sorted. @type {readonly TunnelRow[]} */
  let rows = [];
  /** @type {import("./rows.js").Order} */
  let order = { key: "id", descending: false };
  let filter = "";
  /** By the ids of their tunnels. @type {Map<number, ReturnType<typeof createRow>>} */
  const drawn = new Map();
  /** The row whose button Tab leads to: the one that had the focus last. */
  let current = { id: 0, index: 0 };

  const heights = { row: 1, head: 0 };
  const measure = () => {
    heights.row = parseFloat(getComputedStyle(body).getPropertyValue("--row")) || 28;
    heights.head = head.offsetHeight;
    draw();
  };

  const arrange = () => {
    rows = sorted(filtered(all, filter), order);
    counted(rows.length, all.length);
    body.style.height = `${rows.length * heights.row}px`;
    mark(body.parentElement ?? body, "aria-rowcount", String(rows.length + 1));
    draw();
  };

  const draw = () => {
    const height = scroller.clientHeight;
    const first = Math.max(0, Math.floor(scroller.scrollTop / heights.row) - BEYOND);
    const seen = rows.slice(first, first + Math.ceil(height / heights.row) + 2 * BEYOND);
    const focused = document.activeElement;
    const wasInside = body.contains(focused);
    const ids = new Set(seen.map(({ id }) => id));
    for (const [id, { element }] of drawn) {
      if (ids.has(id)) continue;
      element.remove();
      drawn.delete(id);
    }
    const stop = tabStop(ids, first);
    for (const [at, tunnel] of seen.entries()) {
      const row = drawn.get(tunnel.id) ?? createRow(end);
      drawn.set(tunnel.id, row);
      row.show(tunnel, first + at, tunnel.id === stop);
      if (tunnel.id === current.id) current.index = first + at;
      if (body.children[at] !== row.element) {
        body.insertBefore(row.element, body.children[at] ?? null);
      }
    }
    if (wasInside && document.activeElement !== focused) keepFocus(focused, stop);
  };

  /** The current row, while it is there to be seen; else the first that is seen whole. @param {Set<number>} ids @param {number} first */
  const tabStop = (ids, first) => {
    if (ids.has(current.id)) return current.id;
    const top = Math.ceil(scroller.scrollTop / heights.row);
    return (rows[top] ?? rows[first])?.id;
  };

  /** After a row with the focus was moved, or has ended: then the one in its place has it. @param {Element | null} focused @param {number | undefined} stop */
  const keepFocus = (focused, stop) => {
    if (focused instanceof HTMLElement && focused.isConnected) {
      focused.focus({ preventScroll: true });
    } else if (rows.some(({ id }) => id === current.id)) {
      // It was scrolled away: whoever goes on by keyboard begins at what is seen.
      drawn.get(stop ?? 0)?.button.focus({ preventScroll: true });
    } else {
      go(current.index);
    }
  };

  /** Moves the focus to a row, which is brought into sight. @param {number} wanted */
  const go = (wanted) => {
    const index = Math.max(0, Math.min(wanted, rows.length - 1));
    const row = rows[index];
    if (row === undefined) return scroller.focus();
    current = { id: row.id, index };
    const y = index * heights.row;
    const lowest = y + heights.row - (scroller.clientHeight - heights.head);
    if (scroller.scrollTop > y) scroller.scrollTop = y;
    else if (scroller.scrollTop < lowest) scroller.scrollTop = lowest;
    draw();
    drawn.get(row.id)?.button.focus({ preventScroll: true });
  };

  body.addEventListener("focusin", ({ target }) => {
    for (const [id, { button }] of drawn) {
      if (button === target) current = { id, index: rows.findIndex((row) => row.id === id) };
    }
  });
  body.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor((scroller.clientHeight - heights.head) / heights.row) - 1);
    const index = rows.findIndex(({ id }) => id === current.id);
    const at = index === -1 ? current.index : index;
    const wanted = {
      ArrowUp: at - 1,
      ArrowDown: at + 1,
      PageUp: at - page,
      PageDown: at + page,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    if (wanted === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    go(wanted);
  });
  scroller.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(measure).observe(scroller);

  const heads = COLUMNS.map((column) => createHead(column, () => sortBy(column)));
  const sortBy = (/** @type {import("./rows.js").Column} */ column) => {
    order = nextOrder(order, column);
    showOrder();
    arrange();
  };
  const showOrder = () => {
    for (const [at, column] of COLUMNS.entries()) {
      const sort = order.key !== column.key
        ? "none"
        : order.descending
        ? "descending"
        : "ascending";
      mark(heads[at] ?? head, "aria-sort", sort);
    }
  };
  head.append(...heads, make("th", "", { role: "columnheader", "aria-label": "End" }));
  showOrder();
  measure();

  return {
    /** @param {readonly TunnelRow[]} tunnels */
    show(tunnels) {
      all = tunnels;
      arrange();
    },
    /** @param {string} words */
    filterBy(words) {
      filter = words;
      scroller.scrollTop = 0;
      arrange();
    },
  };
}

/** @param {import("./rows.js").Column} column @param {() => void} sort */
function createHead({ title, label, isNumber = false }, sort) {
  const cell = make("th", "", { role: "columnheader", scope: "col" });
  if (isNumber) cell.className = "number";
  const button = make("button", title, { type: "button" });
  if (label !== undefined) {
    button.setAttribute("aria-label", label);
    button.title = label;
  }
  button.addEventListener("click", sort);
  cell.append(button);
  return cell;
}
