/** `deno task bench:peers`: who takes part, and what its tables say of measurements that are known. */
import assert from "node:assert/strict";
import { chooseContenders, named } from "../../bench/contenders.ts";
import type { IdleMemory } from "../../bench/idle_memory.ts";
import type { LoadResult } from "../../bench/load.ts";
import { TRAFFIC_ROWS } from "../../bench/peer_rows.ts";
import {
  burstTable,
  figureTable,
  latencyTable,
  memoryTable,
  ratioCells,
  ratioTable,
} from "../../bench/peer_tables.ts";

const COLUMNS = { names: ["loop", "stream", "new"], reference: 2 };
const NONE = { engine: [], ours: [], peer: [], beside: [] };

const rowNamed = (name: string) => TRAFFIC_ROWS.find((row) => row.name === name)!;

/** Rounds of one second, by their rates; each thing takes 10 us of CPU. */
function rounds(p99Us: number, ...rates: readonly number[]): LoadResult[] {
  return rates.map((rate) => ({
    ...{ bytes: 64 * rate, messages: rate, bytesPerS: 64 * rate, perS: rate },
    ...{ p50Us: p99Us / 10, p99Us, targetCpuS: rate * 10e-6, loadCpuS: 1, seconds: 1 },
    ...{ failed: 0, lost: 0 },
  }));
}

const cellsOf = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());

Deno.test("a contender's name stands before `=`, and a command may hold `=` without one", () => {
  assert.deepEqual(named("1.4.86=/opt/sbin/lighttpd", "lighttpd"), {
    name: "1.4.86",
    value: "/opt/sbin/lighttpd",
  });
  for (const text of ["lighttpd", "/a=b/lighttpd", "env A=1 ./wstunnel", "./wstunnel --x=1"]) {
    assert.deepEqual(named(text, "other"), { name: "other", value: text });
  }
});

Deno.test("all are compared with the first peer, in the order in which they were given", async () => {
  const options = {
    ...NONE,
    engine: ["loop --workers 2", "stream"],
    ours: ["mine=./mine {port}"],
    beside: ["old=./old {port}"],
  };
  const { all, reference } = await chooseContenders(options, "/nowhere", 1);
  assert.deepEqual(all.map(({ name }) => name), ["loop --workers 2", "stream", "mine", "old"]);
  assert.equal(reference, 3);
  assert.deepEqual(all[0]!.command.slice(-4), ["--engine", "loop", "--workers", "2"]);
  assert.deepEqual(all[2]!.command, ["./mine", "{port}"]);
});

Deno.test("two of one name are refused, and a lighttpd that isn't there", async () => {
  await assert.rejects(
    chooseContenders({ ...NONE, engine: ["loop"], beside: ["loop=./old"] }, "/nowhere", 1),
    { message: "Two are called 'loop': give them names, as in NAME=PATH" },
  );
  await assert.rejects(
    chooseContenders({ ...NONE, peer: ["/nowhere/lighttpd"] }, "/nowhere", 1),
    /there is none as '\/nowhere\/lighttpd'/,
  );
});

Deno.test("a ratio is the median of the rounds' ratios, and is beside what was wanted", () => {
  const row = rowNamed("rtt-x64");
  const results = [rounds(50, 130, 260, 100), rounds(40, 50, 50, 50), rounds(100, 100, 100, 200)];
  assert.deepEqual(ratioCells(COLUMNS, { row, results }), [
    "64-byte round trips x64",
    ...["1.30 (0.500-2.60)", "1.00", "1.30", "yes"],
    ...["0.500 (0.250-0.500)", "1.00"],
  ]);
  const [head] = ratioTable(COLUMNS, [{ row, results }]).split("\n");
  assert.deepEqual(cellsOf(head!), [
    "load",
    ...["loop / new", "its CPU", "wanted", "reached"],
    ...["stream / new", "its CPU"],
  ]);
  const [, , line] = figureTable(COLUMNS, [{ row, results }]).split("\n");
  assert.deepEqual(cellsOf(line!).slice(1), [
    "round trips/s",
    ...["130", "10.0"],
    ...["50.0", "10.0"],
    ...["100", "10.0"],
  ]);
});

Deno.test("p50 and p99 are told of round trips and of connections, and of 1,000 tunnels p99 is to be under the peer's", () => {
  const results = [rounds(99, 1), rounds(300, 1), rounds(100, 1)];
  const rows = ["up-4k-x8", "rtt-x1", "rtt-x1000", "conn"].map(rowNamed);
  const lines = latencyTable(COLUMNS, rows.map((row) => ({ row, results }))).split("\n").slice(2);
  const figures = ["9.90 / 99.0", "30.0 / 300", "10.0 / 100", "0.990 (0.990-0.990)"];
  assert.deepEqual(lines.map(cellsOf), [
    ["64-byte round trips x1", ...figures, "", ""],
    ["64-byte round trips x1000", ...figures, "under 1.00", "yes"],
    ["connections opened, used once, closed", ...figures, "", ""],
  ]);
  assert.equal(latencyTable(COLUMNS, [{ row: rowNamed("up-4k-x8"), results }]), "");
});

Deno.test("an idle tunnel's memory is what it adds to the start's", () => {
  const memory = (bytes: number): IdleMemory => ({
    ...{ atStart: 2 ** 20, atClose: 2 ** 20, afterClose: 2 ** 20 },
    held: new Map([[1000, 2 ** 20 + 1000 * bytes]]),
  });
  const lines = memoryTable(COLUMNS, [memory(6144), memory(8192), memory(7168)]).split("\n");
  assert.deepEqual(lines.map(cellsOf).find(([title]) => title === "each of 1000, KiB"), [
    "each of 1000, KiB",
    ...["6.00", "8.00", "7.00"],
    ...["at most 6.00", "yes"],
  ]);
});

Deno.test("a burst leaves behind what is resident after it and was not before", () => {
  const memory = (left: number) => ({
    ...{ before: 80 * 2 ** 20, atEnd: 500 * 2 ** 20 },
    after: (80 + left) * 2 ** 20,
  });
  const lines = burstTable(COLUMNS, [memory(11), memory(20), memory(0)]).split("\n");
  assert.deepEqual(cellsOf(lines.at(-1)!), [
    "left behind, MiB",
    ...["11.0", "20.0", "0.000"],
    ...["at most 10.0", "no"],
  ]);
});
