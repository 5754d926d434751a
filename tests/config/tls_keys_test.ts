import assert from "node:assert/strict";
import { toFile } from "../../lib/config/effective.ts";
import { nearEnd } from "../../lib/config/key_pair.ts";
import { loadToml } from "../../lib/config/load.ts";
import { writeToml } from "../../lib/config/toml.ts";
import { type Case, testTable } from "./problem_table.ts";

const ALL_OR_NONE =
  "must stand in every table of the list or in none: a client chooses among them as it likes";

const WRONG: readonly Case[] = [
  [
    "tls = true",
    "x.toml:3: listen[0].tls: must be a table with cert and key, or a list of such tables: current value is true",
  ],
  [
    'tls = { cert = "c", ca = "x" }',
    "x.toml:3: listen[0].tls.key: must be the path of a file",
    "x.toml:3: listen[0].tls.ca: unknown key, must be one of cert, key, client-ca",
  ],
  [
    "tls = []",
    "x.toml:3: listen[0].tls: must have at least one certificate: current value is a list",
  ],
  [
    'tls = [{ cert = "c", key = "k" }, { cert = "", key = 1 }, 2]',
    'x.toml:3: listen[0].tls[1].cert: must be the path of a file: current value is ""',
    "x.toml:3: listen[0].tls[1].key: must be the path of a file: current value is 1",
    "x.toml:3: listen[0].tls[2]: must be a table of cert, key, client-ca: current value is 2",
  ],
  [
    'tls = [{ cert = "c", key = "k", client-ca = "a" }, { cert = "c", key = "k" }]',
    `x.toml:3: listen[0].tls[0].client-ca: ${ALL_OR_NONE}: current value is "a"`,
  ],
  [
    "tls-optional = true",
    "x.toml:3: listen[0].tls-optional: has no effect without tls: current value is true",
  ],
  [
    'tls = { cert = "c", key = "k", client-ca = "a" }\ntls-optional = true',
    "x.toml:4: listen[0].tls-optional: must not stand beside client-ca: who has no certificate would come without TLS: current value is true",
  ],
];

Deno.test("`loadConfig()` says what is wrong with `tls` of a listener", () => {
  const around = (lines: string) =>
    `[[listen]]\naddress = ":1"\n${lines}\n[wstunnel.server]\n"/" = { port = 1 }\n`;
  testTable(WRONG, around);
  testTable([[
    'address = "unix:/s"\ntls = { cert = "c", key = "k" }',
    "x.toml:3: listen[0].tls: must not stand beside a unix-domain socket: nothing that is sent there leaves this machine: current value is a table",
  ]], (lines) => `[[listen]]\n${lines}\n[wstunnel.server]\n"/" = { port = 1 }\n`);
});

Deno.test("`tls` of a listener stays what it is from the file to the effective configuration and back", () => {
  const text = `
listen = [
  { address = ":1", tls = { cert = "c", key = "k" } },
  { address = ":2", tls = [{ cert = "a", key = "b", client-ca = "d" }, { cert = "e", key = "f", client-ca = "g" }] },
]
[wstunnel.server]
"/" = { port = 1 }
`;
  const load = (text: string) => {
    const loaded = loadToml({ file: { path: "x.toml", text }, flags: [] });
    assert("config" in loaded, JSON.stringify(loaded));
    return loaded.config;
  };
  const { listen } = load(text);
  assert.deepEqual(listen.map(({ tls }) => tls), [
    [{ cert: "c", key: "k" }],
    [{ cert: "a", key: "b", clientCa: "d" }, { cert: "e", key: "f", clientCa: "g" }],
  ]);
  assert.deepEqual(load(writeToml(toFile(load(text)))).listen, listen);
});

Deno.test("`nearEnd()` warns from 14 days on, and of what has ended", () => {
  const DAY_MS = 24 * 60 * 60 * 1000;
  const end = new Date(Date.UTC(2027, 0, 20, 8, 30));
  const at = (days: number) => nearEnd(end, end.getTime() - days * DAY_MS);
  assert.equal(at(14), null);
  assert.equal(at(13.9), "expires in 13 days, 2027-01-20 08:30 UTC");
  assert.equal(at(1.5), "expires in a day, 2027-01-20 08:30 UTC");
  assert.equal(at(0.5), "expires in less than a day, 2027-01-20 08:30 UTC");
  assert.equal(at(-0.1), "has expired, 2027-01-20 08:30 UTC");
});
