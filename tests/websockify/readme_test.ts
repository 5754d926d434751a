/** The table of the README, held to the options that there are. */
import assert from "node:assert/strict";
import { OPTIONS, type WebsockifyOption } from "../../lib/cli/websockify/options.ts";
import { TOKEN_PLUGINS } from "../../lib/cli/websockify/tokens.ts";

const README = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
const SECTION = README.split("\n## Coming from websockify\n")[1]!.split("\n## ")[0]!;

/** What stands beside an option. */
function rowOf(option: string): string {
  const rows = [...SECTION.matchAll(/^\| (.*?) \| (.*) \|$/gm)];
  const row = rows.find(([, theirs]) => new RegExp(`\`${option}[ \`]`).test(theirs!));
  assert.ok(row, `${option} is not in the table`);
  return row[2]!;
}

Deno.test("the README says of every option of websockify's what becomes of it", () => {
  const theirs: readonly WebsockifyOption[] = OPTIONS.filter((one: WebsockifyOption) => !one.ours);
  for (const { name, short, refused } of theirs) {
    assert.equal(rowOf(name).startsWith("refused: "), refused !== undefined, name);
    if (short !== undefined) assert.equal(rowOf(short), rowOf(name));
  }
  for (const plugin of [...TOKEN_PLUGINS, "BasicHTTPAuth", "ExpectOrigin", "ClientCertCNAuth"]) {
    assert.ok(SECTION.includes(`\`${plugin}\``), plugin);
  }
});
