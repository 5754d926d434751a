import assert from "node:assert/strict";
import type { DialOutcome, RefusalCause } from "../../../lib/events/event.ts";
import { FAMILIES } from "../../../lib/events/metrics/families.ts";
import { promtool, WITHOUT_PROMTOOL } from "../../support/promtool.ts";
import { blockOf, SECTION } from "./readme.ts";

Deno.test("the README's table of metrics is what there is", () => {
  const rows = SECTION.split("\n").filter((line) => /^\| `(?:wstunnel|process)_/.test(line));
  const expected = Object.entries(FAMILIES).map(([name, { type, labels, help }]) => {
    const marked = labels.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${marked} | ${help} |`;
  });
  assert.deepEqual(rows, expected);
});

Deno.test("the README names each label, each cause of a refusal and each outcome of a connect", () => {
  const REFUSALS: Readonly<Record<RefusalCause, 0>> = {
    ...{ head: 0, rules: 0, client: 0, auth: 0, target: 0, limit: 0, down: 0, full: 0, share: 0 },
    ...{ aborted: 0, "no-descriptor": 0, "no-port": 0, "no-memory": 0 },
  };
  const OUTCOMES: Readonly<Record<Exclude<DialOutcome, RefusalCause>, 0>> = {
    ...{ connected: 0, closed: 0, timeout: 0, error: 0 },
  };
  const rows = SECTION.split("| label | values |")[1]!;
  for (const value of Object.keys({ ...REFUSALS, ...OUTCOMES })) {
    assert.ok(rows.includes(`\`${value}\``), value);
  }
  const self = ["version", "commit", "deno", "engine", "phase", "path", "status"];
  const labels = new Set(Object.values(FAMILIES).flatMap(({ labels }) => [...labels]));
  for (const label of labels) {
    assert.ok(self.includes(label) || rows.includes(`\`${label}\``), label);
  }
});

Deno.test({
  name: `Prometheus takes the README's scrape configuration and its alerts${WITHOUT_PROMTOOL}`,
  ignore: WITHOUT_PROMTOOL !== "",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const check = async (what: string, name: string, text: string, ...flags: string[]) => {
        await Deno.writeTextFile(`${folder}/${name}`, text);
        return await promtool(["check", what, ...flags, `${folder}/${name}`]);
      };
      const scrape = blockOf("scrape_configs:");
      await check("config", "prometheus.yml", scrape);
      const withToken = scrape.replaceAll(/^ {4}# (?=\w+:| {2})/gm, "    ");
      assert.match(withToken, /^ {4}authorization:\n {6}credentials_file: /m);
      await check("config", "token.yml", withToken, "--syntax-only");
      assert.match(await check("rules", "rules.yml", blockOf("groups:")), /3 rules found/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("the README's queries and alerts ask for metrics and labels that there are", () => {
  const asked = blockOf("sum by") + blockOf("groups:");
  const names = [...asked.matchAll(/\b(?:wstunnel|process)_\w+/g)].map(([name]) => name);
  assert.ok(names.length >= 5);
  for (const name of names) assert.ok(name.replace(/_bucket$/, "") in FAMILIES, name);
});
