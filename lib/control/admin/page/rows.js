/**
 * The columns of the table of tunnels, which rows are shown and in what order.
 *
 * @module
 */
import { bytesInWords, rateInWords, timeInWords } from "./words.js";

/** @typedef {import("../shapes.ts").TunnelRow} TunnelRow */

/**
 * @typedef {object} Column
 * @property {keyof TunnelRow} key
 * @property {string} title
 * @property {string} [label] the title in full
 * @property {boolean} [isNumber] shown at the right; the largest is what one looks for first
 * @property {(row: TunnelRow) => string} text
 */

/** @type {readonly Column[]} */
export const COLUMNS = [
  { key: "id", title: "ID", isNumber: true, text: ({ id }) => String(id) },
  { key: "client", title: "Client", text: ({ client }) => client },
  { key: "user", title: "User", text: ({ user }) => user ?? "–" },
  { key: "route", title: "Route", text: ({ route }) => route },
  { key: "backend", title: "Backend", text: ({ backend }) => backend },
  { key: "seconds", title: "Age", isNumber: true, text: ({ seconds }) => timeInWords(seconds) },
  {
    key: "up",
    title: "↑ Bytes",
    label: "Bytes to the backend",
    isNumber: true,
    text: ({ up }) => bytesInWords(up),
  },
  {
    key: "upRate",
    title: "↑ Rate",
    label: "Rate to the backend",
    isNumber: true,
    text: ({ upRate }) => rate(upRate),
  },
  {
    key: "down",
    title: "↓ Bytes",
    label: "Bytes to the client",
    isNumber: true,
    text: ({ down }) => bytesInWords(down),
  },
  {
    key: "downRate",
    title: "↓ Rate",
    label: "Rate to the client",
    isNumber: true,
    text: ({ downRate }) => rate(downRate),
  },
  { key: "waits", title: "Waits for", text: ({ waits }) => waits ?? "–" },
];

/** What doesn't move is to be seen at a glance. @param {number} bytes */
function rate(bytes) {
  return bytes === 0 ? "–" : rateInWords(bytes);
}

/** @typedef {{ readonly key: keyof TunnelRow, readonly descending: boolean }} Order */

/** Another column: text from its beginning, numbers from the largest; the same once more: the other way round. @param {Order} order @param {Column} column @returns {Order} */
export function nextOrder(order, { key, isNumber = false }) {
  return { key, descending: order.key === key ? !order.descending : isNumber };
}

const BY_WORDS = new Intl.Collator("en", { numeric: true });

/** In order; what has no such value comes last, and where two are the same the older one first. @param {readonly TunnelRow[]} rows @param {Order} order @returns {TunnelRow[]} */
export function sorted(rows, { key, descending }) {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [a[key] ?? null, b[key] ?? null];
    if (x === y) return a.id - b.id;
    if (x === null) return 1;
    if (y === null) return -1;
    const difference = typeof x === "number" && typeof y === "number"
      ? x - y
      : BY_WORDS.compare(String(x), String(y));
    return difference === 0 ? a.id - b.id : sign * difference;
  });
}

/** Those that have all of the words somewhere, small letters for large ones. @param {readonly TunnelRow[]} rows @param {string} filter @returns {readonly TunnelRow[]} */
export function filtered(rows, filter) {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const text = searched(row);
    return words.every((word) => text.includes(word));
  });
}

/** @param {TunnelRow} row */
function searched(
  { id, client, via, user, route, path, host, origin, subprotocol, backend, pid, waits },
) {
  return [id, client, via, user, route, path, host, origin, subprotocol, backend, pid, waits]
    .filter((value) => value !== undefined && value !== null).join("\n").toLowerCase();
}

/** All that is known of a tunnel, for whoever is about to end it. @param {TunnelRow} row @returns {(readonly [name: string, value: string])[]} */
export function details(row) {
  const { client, via, user, route, path, host, origin, subprotocol, backend, pid } = row;
  /** @type {(readonly [string, string | number | undefined])[]} */
  const all = [
    ["Client", client],
    ["Via", via],
    ["User", user],
    ["Route", route],
    ["Path", path],
    ["Host", host],
    ["Origin", origin],
    ["Subprotocol", subprotocol],
    ["Backend", backend],
    ["Process", pid],
    ["Age", timeInWords(row.seconds)],
    ["To backend", bytesInWords(row.up)],
    ["To client", bytesInWords(row.down)],
  ];
  return all.flatMap(([name, value]) => value === undefined ? [] : [[name, String(value)]]);
}
