/** What the status page decides by itself, without a browser. */
import assert from "node:assert/strict";
import { readEvents } from "../../lib/control/admin/page/feed.js";
import {
  COLUMNS,
  details,
  filtered,
  nextOrder,
  sorted,
} from "../../lib/control/admin/page/rows.js";
import { bytesHeight, countHeight } from "../../lib/control/admin/page/scales.js";
import {
  bytesInWords,
  lagInWords,
  stateInWords,
  timeInWords,
} from "../../lib/control/admin/page/words.js";
import { PAGE_FILES, pageRoutes } from "../../lib/control/admin/page.ts";
import type { TunnelRow } from "../../lib/control/admin/shapes.ts";

const ROW: TunnelRow = {
  id: 1,
  client: "192.0.2.1:1234",
  route: "/",
  path: "/",
  backend: "10.0.0.1:5900",
  seconds: 1,
  up: 0,
  down: 0,
  upRate: 0,
  downRate: 0,
  waits: null,
};

Deno.test("figures in words have three digits and no more than two units", () => {
  const bytes = [0, 999, 1000, 1023, 1024, 10_234, 1024 ** 2 - 1, 1024 ** 2, 5e9, 2 ** 60];
  assert.deepEqual(bytes.map(bytesInWords), [
    "0 B",
    "999 B",
    "0.98 KiB",
    "1.00 KiB",
    "1.00 KiB",
    "9.99 KiB",
    "1.00 MiB",
    "1.00 MiB",
    "4.66 GiB",
    "1024 PiB",
  ]);
  const seconds = [-1, 0, 59.9, 60, 3599, 3600, 86_399, 86_400, 1e8];
  assert.deepEqual(seconds.map(timeInWords), [
    "0 s",
    "0 s",
    "59 s",
    "1 min 00 s",
    "59 min 59 s",
    "1 h 00 min",
    "23 h 59 min",
    "1 d 00 h",
    "1,157 d 09 h",
  ]);
  assert.deepEqual([0, 1.26, 12.6, 1234].map(lagInWords), ["0.0 ms", "1.3 ms", "13 ms", "1.23 s"]);
});

Deno.test("a plot's height holds what it shows, and its half is a round number too", () => {
  for (let most = 0; most < 1e5; most += most < 300 ? 1 : 97) {
    const counts = countHeight(most);
    assert(counts >= most && counts % 2 === 0, `${counts} for ${most}`);
    assert(most < 2 || counts <= 2 * most, `${counts} is more than twice ${most}`);
    const bytes = bytesHeight(most * 1000);
    assert(bytes >= most * 1000 && bytes % 512 === 0, `${bytes} for ${most * 1000}`);
    assert(most < 2 || bytes <= 2 * most * 1000, `${bytes} is more than twice ${most * 1000}`);
  }
  assert.deepEqual([0, 3, 11, 41, 1000].map((most) => countHeight(most)), [2, 4, 20, 50, 1000]);
  assert.equal(countHeight(0.3, 10), 10);
});

Deno.test("rows are sorted by any column both ways; those without a value come last", () => {
  const rows = [
    { ...ROW, id: 3, user: "bob", down: 5 },
    { ...ROW, id: 1, down: 5 },
    { ...ROW, id: 2, user: "Alice", client: "192.0.2.10:1", down: 9 },
  ];
  const ids = (key: keyof TunnelRow, descending: boolean) =>
    sorted(rows, { key, descending }).map(({ id }) => id);
  assert.deepEqual(ids("id", false), [1, 2, 3]);
  assert.deepEqual(ids("id", true), [3, 2, 1]);
  assert.deepEqual(ids("user", false), [2, 3, 1]);
  assert.deepEqual(ids("user", true), [3, 2, 1]);
  assert.deepEqual(ids("down", true), [2, 1, 3]);
  assert.deepEqual(ids("client", false), [1, 3, 2], "1 before 10, as numbers");
  for (const { key } of COLUMNS) assert.equal(ids(key, true).length, rows.length);
});

Deno.test("a column sorts by what one looks for first, and the other way round once more", () => {
  const [id, client] = COLUMNS;
  const start = { key: "user", descending: false } as const;
  assert.deepEqual(nextOrder(start, id!), { key: "id", descending: true });
  assert.deepEqual(nextOrder(nextOrder(start, id!), id!), { key: "id", descending: false });
  assert.deepEqual(nextOrder(start, client!), { key: "client", descending: false });
});

Deno.test("the filter takes rows that have all of its words, wherever they are", () => {
  const rows = [
    { ...ROW, id: 41, user: "Alice", origin: "https://a.example" },
    { ...ROW, id: 42, path: "/desk/alice" },
  ];
  const ids = (filter: string) => filtered(rows, filter).map(({ id }) => id);
  assert.deepEqual(ids(" "), [41, 42]);
  assert.deepEqual(ids("ALICE"), [41, 42]);
  assert.deepEqual(ids("alice desk"), [42]);
  assert.deepEqual(ids("a.example"), [41]);
  assert.deepEqual(ids("alice nobody"), []);
});

Deno.test("the details of a tunnel are those that it has", () => {
  const names = (row: TunnelRow) => details(row).map(([name]) => name);
  assert(!names(ROW).includes("User"));
  assert(names({ ...ROW, user: "alice", pid: 7 }).join().includes("User,Route"));
});

Deno.test("a backend's state is told in words, and by a mark of its own form", () => {
  const row = { state: "up", drained: false };
  assert.deepEqual(stateInWords(row, 0), { mark: "good", words: "up" });
  assert.equal(stateInWords({ ...row, drained: true }, 0).mark, "leaving");
  const disabled = { state: "disabled", drained: false, disabledUntil: 2_500 };
  assert.equal(stateInWords(disabled, 1_000).words, "out of use after failures, for 2 s more");
  assert.equal(stateInWords(disabled, 9_000).words, "out of use after failures");
  assert.equal(stateInWords({ ...row, state: "new in some version" }, 0).mark, "off");
});

Deno.test("events are read however their bytes are cut", async () => {
  const text =
    `: hello\n\nevent: history\ndata: [{"a":"€"}]\n\ndata: 1\ndata: 2\n\nevent: sample\n`;
  const bytes = new TextEncoder().encode(text.replace("1\ndata: 2", "[1,\ndata: 2]"));
  for (const size of [1, 2, 7, bytes.length]) {
    const cut = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) {
          controller.enqueue(bytes.slice(at, at + size));
        }
        controller.close();
      },
    });
    const told = [];
    for await (const event of readEvents(cut)) told.push(event);
    assert.deepEqual(told, [
      { name: "history", value: [{ a: "€" }] },
      { name: "message", value: [1, 2] },
    ]);
  }
});

Deno.test("whatever the page's folder has is served, and nothing else", async () => {
  const folder = new URL("../../lib/control/admin/page/", import.meta.url);
  const there = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name !== "deno.json");
  assert.deepEqual([...PAGE_FILES].sort(), there.sort());
  const routes = pageRoutes();
  assert.equal(Object.keys(routes).length, there.length);
  for (const path of ["/page.html", "/deno.json", "/page/page.js", "", "/..", "/x"]) {
    assert(!(path in routes), path);
  }
  const send = routes["/"]!.GET as unknown as () => Promise<Response>;
  const { headers, text } = await send().then(async (answer) => ({
    headers: answer.headers,
    text: await answer.text(),
  }));
  assert.equal(headers.get("content-type"), "text/html; charset=utf-8");
  assert.match(headers.get("content-security-policy")!, /^default-src 'none'; script-src 'self';/);
  assert.match(text, /<title>wstunnel<\/title>/);
  assert.doesNotMatch(text, /https?:\/\/|\sstyle=|\son\w+=/, "outside or inline");
});
