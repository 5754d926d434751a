/** The parts of `top` that do nothing but decide. */
import assert from "node:assert/strict";
import { inkOf, NO_INK } from "../../lib/cli/top/ink.ts";
import { readKeys } from "../../lib/cli/top/keys.ts";
import { layoutOf } from "../../lib/cli/top/layout.ts";
import { paint } from "../../lib/cli/top/paint.ts";
import { press } from "../../lib/cli/top/press.ts";
import { shownTunnels } from "../../lib/cli/top/rows.ts";
import { sparkline } from "../../lib/cli/top/sparkline.ts";
import { type Action, take, type TopState } from "../../lib/cli/top/state.ts";
import { view } from "../../lib/cli/top/view.ts";
import { textWidth } from "../../lib/cli/text_width.ts";
import { backendRow, NOW_MS, sample, seenOf, stateOf, tunnelRow } from "./top_state.ts";

/** Presses keys one by one; gives the state and what is to be done. */
function pressAll(state: TopState, ...keys: string[]): [TopState, Action[]] {
  const actions: Action[] = [];
  for (const key of keys) {
    const next = press(state, key);
    state = next.state;
    if (next.action !== null) actions.push(next.action);
  }
  return [state, actions];
}

Deno.test("`readKeys()` tells keys from the beginnings of keys", () => {
  const cases: [string, string[], string][] = [
    ["jk", ["j", "k"], ""],
    ["\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[H\x1b[4~", [
      "up",
      "down",
      "page-up",
      "page-down",
      "home",
      "end",
    ], ""],
    ["\x1b[1;5A\x1b[200~x", ["x"], ""],
    ["q\x1b", ["q"], "\x1b"],
    ["\x1b[", [], "\x1b["],
    ["\x1b[1;", [], "\x1b[1;"],
    ["\x1bq", ["escape", "q"], ""],
    ["\x03\x1a\f\r\x7f\t", ["ctrl-c", "ctrl-z", "ctrl-l", "enter", "backspace", "tab"], ""],
    ["ä日😀\x01\u202e", ["ä", "日", "😀"], ""],
  ];
  for (const [text, keys, rest] of cases) {
    assert.deepEqual(readKeys(text, false), { keys, rest }, JSON.stringify(text));
  }
  assert.deepEqual(readKeys("\x1b", true), { keys: ["escape"], rest: "" });
  assert.deepEqual(readKeys("\x1b[", true), { keys: ["escape", "["], rest: "" });
});

Deno.test("`sparkline()` shows the highest of each span, the newest on the right", () => {
  const points = (values: number[]) => values.map((value, at) => [at * 1000, value] as const);
  const cases: [number[], number, string][] = [
    [[], 4, "    "],
    [[0, 0, 0], 180, " ".repeat(180)],
    [[1, 0, 2, 8], 180, " ".repeat(176) + "▁ ▂█"],
    // 60 cells of 3 s.
    [[8, 1, 1, 4, 1, 0, 1], 60, " ".repeat(57) + "█▄▁"],
    [[5], 0, ""],
  ];
  for (const [values, cells, expected] of cases) {
    assert.equal(sparkline(points(values), cells), expected);
  }
  assert.equal(sparkline(points([1, 8]), 180, false).trimStart(), ".%");
  // A second in which nobody was asked is empty.
  assert.equal(sparkline([[0, 1], [3000, 1]], 180).trimStart(), "█  █");
  // What is there moves, and doesn't change.
  const values = Array.from({ length: 90 }, (_, at) => at * 7919 % 101);
  for (let count = 30; count < 90; count++) {
    const [one, next] = [0, 1].map((more) => sparkline(points(values.slice(0, count + more)), 60));
    const moved = (count % 3 === 0) ? one!.slice(1) : one!;
    assert.equal(next!.slice(0, 40), moved.slice(0, 40), `${count}`);
  }
});

Deno.test("`paint()` writes the lines that differ and no others", () => {
  assert.equal(paint(["a", "b", "c"], ["a", "b", "c"]), "");
  const changed = paint(["a", "b", "c"], ["a", "x", "c"]);
  assert.equal(changed, "\x1b[?2026h\x1b[2;1H\x1b[0m\x1b[Kx\x1b[?2026l");
  const all = "\x1b[?2026h\x1b[2J\x1b[1;1Ha\x1b[2;1Hb\x1b[?2026l";
  assert.equal(paint(null, ["a", "b"]), all);
  assert.equal(paint(["a", "b", "c"], ["a", "b"]), all);
});

const THREE = seenOf([
  tunnelRow(1, { downRate: 5, client: "c:1", user: "zoe", path: "/Desk" }),
  tunnelRow(2, { downRate: 900, client: "b:1", upRate: 7 }),
  tunnelRow(3, { downRate: 40, client: "a:1" }),
], [backendRow("x:1"), backendRow("y:2", { drained: true })]);

Deno.test("keys sort, filter and choose, and the chosen row stays chosen as others come and go", () => {
  const state = stateOf(THREE);
  const ids = (one: TopState) => shownTunnels(one).map(({ id }) => id);
  assert.deepEqual(ids(state), [2, 3, 1]);
  const cases: [keys: string[], ids: number[]][] = [
    [["r"], [1, 3, 2]],
    [["<"], [2, 1, 3]],
    [[">", ">"], [1, 2, 3]],
    [["right", "right", "right"], [3, 2, 1]],
    [["/", "D", "e", "s", "K"], [1]],
    [["/", "x", "backspace", "enter"], [2, 3, 1]],
    [["/", "z", "o", "e", "enter", "escape"], [2, 3, 1]],
    [["/", "z", "escape"], [2, 3, 1]],
    [["/", "q", "enter"], []],
  ];
  for (const [keys, expected] of cases) {
    const [next, actions] = pressAll(state, ...keys);
    assert.deepEqual([ids(next), actions], [expected, []], keys.join(" "));
  }

  const asked = (one: TopState) => pressAll(one, "e", "y")[1];
  assert.deepEqual(asked(state), [{ kind: "end", id: 2 }]);
  const [chosen] = pressAll(state, "down", "j");
  assert.deepEqual(asked(chosen), [{ kind: "end", id: 1 }]);
  const without = (id: number) =>
    take(chosen, {
      kind: "seen",
      seen: { ...THREE, tunnels: THREE.tunnels.filter((row) => row.id !== id) },
    });
  assert.deepEqual(asked(without(2)), [{ kind: "end", id: 1 }]);
  assert.deepEqual(asked(without(1)), [{ kind: "end", id: 3 }]);
  for (
    const [key, id] of [["end", 1], ["G", 1], ["page-down", 1], ["home", 2], ["up", 2]] as const
  ) {
    assert.deepEqual(asked(pressAll(state, key)[0]), [{ kind: "end", id }], key);
  }
});

Deno.test("nothing is ended or drained but what was asked about", () => {
  const state = stateOf(THREE);
  const none = stateOf(seenOf([]));
  const cases: [TopState, string[], Action[]][] = [
    [state, ["e", "n"], []],
    [state, ["e", "enter"], []],
    [state, ["e", "e"], []],
    [state, ["y"], []],
    [none, ["e", "y"], []],
    [none, ["tab", "d"], []],
    // The list changes while it asks: it is about the one that it named.
    [pressAll(state, "e")[0], ["y"], [{ kind: "end", id: 2 }]],
    [state, ["d"], []],
    [state, ["d", "d"], [{ kind: "drain", backend: "x:1", route: "/" }]],
    [state, ["tab", "down", "u"], [{ kind: "enable", backend: "y:2", route: "/" }]],
    [state, ["tab", "e"], []],
    [state, ["e", "ctrl-c"], [{ kind: "quit" }]],
    [state, ["/", "q", "ctrl-z"], [{ kind: "suspend" }]],
    [state, ["?", "q"], [{ kind: "quit" }]],
    [state, ["ctrl-l", "q"], [{ kind: "redraw" }, { kind: "quit" }]],
  ];
  for (const [one, keys, actions] of cases) {
    assert.deepEqual(pressAll(one, ...keys)[1], actions, keys.join(" "));
  }
  const asking = pressAll(state, "e")[0];
  const faster = { ...THREE, tunnels: THREE.tunnels.map((row) => ({ ...row, downRate: row.id })) };
  const later = take(asking, { kind: "seen", seen: faster });
  assert.deepEqual(pressAll(later, "y")[1], [{ kind: "end", id: 2 }]);
});

Deno.test("in a window too small to show what is asked, keys do nothing but quit", () => {
  const tiny = { columns: 20, rows: 5 };
  const asking = press(stateOf(seenOf([tunnelRow(1)])), "e").state;
  assert.equal(asking.mode.kind, "question");
  for (const state of [stateOf(seenOf([tunnelRow(1)]), tiny), { ...asking, size: tiny }]) {
    for (const key of ["e", "y", "d", "/", "p", "tab"]) {
      assert.deepEqual(press(state, key), { state, action: null }, key);
    }
    for (const key of ["q", "ctrl-c"]) assert.equal(press(state, key).action?.kind, "quit", key);
  }
});

Deno.test("while it is paused nothing moves, and all that came is there when it goes on", () => {
  const [paused] = pressAll(stateOf(THREE), "p");
  const none = take(paused, { kind: "seen", seen: seenOf([]) });
  const later = take(none, { kind: "sample", sample: sample(1, { tunnels: 9 }) });
  assert.deepEqual(shownTunnels(later).length, 3);
  assert.deepEqual(later.samples, []);
  assert.match(view(later, NO_INK).at(-1)!, /^PAUSED {2}3 tunnels/);
  const [on] = pressAll(later, "p");
  assert.deepEqual([shownTunnels(on), on.samples.length], [[], 1]);
});

Deno.test("a window of any size is filled, and nothing is wider than it", () => {
  const many = seenOf(
    Array.from({ length: 200 }, (_, at) => tunnelRow(at + 1, { user: "日本語".repeat(at % 9) })),
    Array.from({ length: 12 }, (_, at) => backendRow(`backend-${at}.example.com:5900`)),
  );
  const samples = Array.from({ length: 100 }, (_, at) => sample(at, { tunnels: at, up: at ** 4 }));
  for (let columns = 1; columns <= 200; columns += 7) {
    for (let rows = 1; rows <= 60; rows += 3) {
      const began = take(stateOf(many, { columns, rows }), { kind: "history", samples });
      for (const keys of [[], ["tab"], ["?"], ["/"], ["e"], ["end", "down"]]) {
        const [state] = pressAll(began, ...keys);
        const lines = view(state, NO_INK);
        assert.equal(lines.length, rows, `${columns}x${rows} ${keys}`);
        for (const line of lines) {
          assert.ok(textWidth(line) <= columns, `${columns}x${rows} ${keys}: ${line}`);
        }
      }
    }
  }
  for (let rows = 10; rows < 70; rows++) {
    for (let columns = 40; columns < 200; columns += 10) {
      const { plotLines, rows: lists } = layoutOf(stateOf(many, { columns, rows }));
      assert.ok(lists.tunnels + lists.backends >= 4);
      assert.ok(plotLines + lists.tunnels + lists.backends <= rows);
    }
  }
});

Deno.test("the chosen row is in sight wherever it is", () => {
  const many = seenOf(Array.from({ length: 100 }, (_, at) => tunnelRow(at + 1)));
  const ink = { ...NO_INK, reverse: (text: string) => `>${text}` };
  let state = stateOf(many, { columns: 80, rows: 16 });
  for (let at = 1; at <= 100; at++) {
    const marked = view(state, ink).filter((line) => line.startsWith(">"));
    assert.match(marked[0]!, new RegExp(`^> *${at} +10\\.0\\.0\\.${at}:`));
    [state] = pressAll(state, "down");
  }
});

Deno.test("the view says what server it is, that it is gone, and nobody's terminal commands", () => {
  const evil = seenOf([tunnelRow(1, { client: "\x1b]0;evil\x07", route: "/\u202e\n" })]);
  const state = stateOf(evil, { columns: 120, rows: 24 });
  const lines = view(state, NO_INK);
  assert.match(
    lines[0]!,
    /^wstunnel 1\.2\.3 {2}serving {2}up 2 m 05 s {2}pid 77 {2}127\.0\.0\.1:8080 *$/,
  );
  assert.doesNotMatch(lines.join(""), /\p{Cc}|\p{Cf}/u);
  assert.match(lines.join("\n"), /\\x1b\]0;evil\\x07/);
  assert.match(pressAll(state, "e")[0].mode.kind, /question/);
  assert.doesNotMatch(view(pressAll(state, "e")[0], NO_INK).join(""), /\p{Cc}/u);

  const lost = take(state, { kind: "lost", why: "nobody\x1b" });
  const later = take({ ...lost, nowMs: NOW_MS + 61_000 }, { kind: "lost", why: "nobody" });
  assert.match(view(later, NO_INK)[0]!, /^no answer for 1 m 01 s, trying again: nobody *$/);
  const back = take(later, {
    kind: "seen",
    seen: { ...evil, status: { ...evil.status, pid: 78 } },
  });
  assert.match(view(back, NO_INK).at(-1)!, /^the server was started anew/);
});

Deno.test("colours and blocks are the environment's to forbid", () => {
  const cases: [Record<string, string>, string, boolean][] = [
    [{}, "\x1b[31mx\x1b[0m", false],
    [{ NO_COLOR: "", LANG: "de_DE.UTF-8" }, "\x1b[31mx\x1b[0m", true],
    [{ NO_COLOR: "1", LC_ALL: "C.utf8" }, "x", true],
    [{ LANG: "C.UTF-8", LC_ALL: "C" }, "\x1b[31mx\x1b[0m", false],
    [{ LANG: "C", LC_CTYPE: "en_US.UTF-8" }, "\x1b[31mx\x1b[0m", true],
  ];
  for (const [environment, red, isUnicode] of cases) {
    const ink = inkOf(environment);
    assert.deepEqual([ink.colour("x", "red"), ink.isUnicode], [red, isUnicode]);
  }
  const seen = seenOf([tunnelRow(1, { user: "日本", client: "x".repeat(90) })]);
  const state = take(stateOf(seen), { kind: "history", samples: [sample(1, { up: 5 })] });
  const ascii = { ...NO_INK, isUnicode: false };
  for (const keys of [[], ["e"], ["?"], ["/", "ä"]]) {
    for (const line of view(pressAll(state, ...keys)[0], ascii)) assert.match(line, /^[ -~]*$/);
  }
});
