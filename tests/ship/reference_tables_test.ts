/** One source for what the README, the man page and the program say of answers, endings, signals and keys. */
import assert from "node:assert/strict";
import { endOf } from "../../lib/tunnel/cause.ts";
import { configurationTables } from "../../scripts/man_configuration.ts";
import { manPage } from "../../scripts/man_page.ts";
import { ANSWERS, ENDINGS, SIGNALS } from "../../scripts/reference_tables.ts";

const README = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));

/** The rows of the first table below a heading of the README, without its head. */
function rowsBelow(heading: string): string[] {
  const start = README.indexOf(`\n${heading}\n`);
  assert.notEqual(start, -1, heading);
  const table = /^(?:\|.*\n)+/m.exec(README.slice(start))![0];
  return table.trimEnd().split("\n").slice(2);
}

function row(...cells: readonly string[]): string {
  return `|${cells.map((cell) => cell === "" ? " " : ` ${cell} `).join("|")}|`;
}

Deno.test("the README's tables of answers, endings and signals are the man page's", () => {
  assert.deepEqual(
    rowsBelow("## What a client is answered"),
    ANSWERS.map((cells) => row(...cells)),
  );
  const endings = Object.entries(ENDINGS).map(([cause, { happened, client, backend }]) =>
    row(`\`${cause}\``, happened, client, backend)
  );
  assert.deepEqual(rowsBelow("## How a tunnel ends"), endings);
  assert.deepEqual(rowsBelow("### Signals"), SIGNALS.map((cells) => row(...cells)));
});

/** Of these the code is the client's own, or says what it broke. */
const OTHER_CODES = ["client-close", "client-lost", "client-protocol", "client-overflow"];

Deno.test("the tables give the close codes that the program sends", () => {
  const ours = Object.entries(ENDINGS).filter(([cause]) => !OTHER_CODES.includes(cause));
  assert.ok(ours.length > 0);
  for (const [cause, { client }] of ours) {
    const { code } = endOf(cause as keyof typeof ENDINGS);
    assert.match(client, new RegExp(`\\b${code}\\b`), cause);
  }
});

Deno.test("the man page has every key of the configuration file, answer, cause and signal", () => {
  const page = manPage();
  const section = (name: string) => page.split(/^\.SH /m).find((text) => text.startsWith(name))!;
  const bold = (text: string) => `\\fB${text.replaceAll("-", "\\-")}\\fR`;
  const { top, listener, wstunnel, route, host } = configurationTables();
  for (const table of [top, listener, wstunnel, host]) {
    assert(Object.keys(table).length > 3);
    for (const key of Object.keys(table)) {
      assert(section("CONFIGURATION FILE").includes(`\n.TP\n${bold(key)}\n`), key);
    }
  }
  for (const key of Object.keys(route)) assert(section("CONFIGURATION").includes(bold(key)), key);
  for (const [statuses] of ANSWERS) assert(section("ANSWERS").includes(bold(statuses)), statuses);
  for (const cause of Object.keys(ENDINGS)) assert(section("CAUSES").includes(bold(cause)), cause);
  for (const [names] of SIGNALS) assert(section("SIGNALS").includes(bold(names)), names);
});
