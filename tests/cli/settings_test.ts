import assert from "node:assert/strict";
import { toSettings } from "../../lib/cli/settings.ts";

const SERVER = ["wstunnel", "server"];

const STAND_INS = Array(4).fill({ port: 1 });

function settings(values: Record<string, string[]>) {
  return toSettings(new Map(Object.entries(values)));
}

Deno.test("`toSettings()` makes hosts of --server, under --path", () => {
  const server = ["127.0.0.1:5900", "[::1]:80", "unix:/run/x", "unix:@x", "exec:cat 'a b'"];
  const hosts = [
    { host: "127.0.0.1", port: 5900 },
    { host: "::1", port: 80 },
    { socket: "/run/x" },
    { socket: "@x" },
    { exec: "cat 'a b'" },
  ];
  for (const [path, key] of [[undefined, "/"], [["/a", "/b"], "/b"]] as const) {
    assert.deepEqual(settings({ server, ...(path && { path: [...path] }) }), [
      { flag: "--server", path: SERVER, value: { [key]: hosts } },
    ]);
  }
});

Deno.test("`toSettings()` says what is wrong with each --server", () => {
  const server = ["127.0.0.1:1", "127.0.0.1", "a:0", "/run/x", ""];
  const forms = "must be host:port, [v6]:port, unix:/path or exec:COMMAND";
  assert.deepEqual(settings({ server }), [
    { flag: "--server", path: SERVER, rule: forms, text: "127.0.0.1" },
    { flag: "--server", path: SERVER, rule: "the port must be 1 to 65535", text: "a:0" },
    {
      flag: "--server",
      path: SERVER,
      rule: "a socket path is written unix:/run/x",
      text: "/run/x",
    },
    { flag: "--server", path: SERVER, rule: forms, text: "" },
    // Stand-ins keep the others in their places, so that they are checked as well.
    {
      flag: "--server",
      path: SERVER,
      value: { "/": [{ host: "127.0.0.1", port: 1 }, ...STAND_INS] },
    },
  ]);
});

Deno.test("`toSettings()` gives lists, numbers and text as the file has them", () => {
  assert.deepEqual(
    settings({
      listen: [":1", ":2"],
      origin: ["a.b"],
      "ping-interval": ["9", "0.5"],
      debug: ["-1"],
      balance: ["hash"],
      config: ["x.toml"],
    }),
    [
      { flag: "--listen", path: ["listen"], value: [":1", ":2"] },
      { flag: "--balance", path: ["wstunnel", "balance"], value: "hash" },
      { flag: "--origin", path: ["wstunnel", "origins"], value: ["a.b"] },
      { flag: "--ping-interval", path: ["wstunnel", "ping-interval"], value: 0.5 },
      { flag: "--debug", path: ["wstunnel", "debug"], value: -1 },
    ],
  );
});

Deno.test("`toSettings()` leaves what is no number as text", () => {
  for (const text of ["", " 1", "1e3", "0x10", "Infinity", "1.", ".5", "many"]) {
    const [setting] = settings({ debug: [text] });
    assert.deepEqual(setting, { flag: "--debug", path: ["wstunnel", "debug"], value: text });
  }
});
