/** What flags and fallbacks make of a configuration. */
import assert from "node:assert/strict";
import { loadConfig, loadToml, type Setting } from "../../lib/config/load.ts";
import { formatProblem } from "../../lib/config/problem.ts";
import { configOf, load, problemsOf, SERVER } from "./loading.ts";

Deno.test("`loadConfig()` lets a flag beat the file, right or wrong", () => {
  const flags = [{ flag: "--debug", path: ["wstunnel", "debug"], value: 4 }];
  assert.equal(configOf(`[wstunnel]\ndebug = 1\n${SERVER}`, flags).debug, 4);
  assert.equal(configOf(`[wstunnel]\ndebug = "x"\n${SERVER}`, flags).debug, 4);
});

Deno.test("`loadConfig()` lets no flag for all change what a route says for itself, and warns of it", () => {
  const text = `${SERVER}
[wstunnel.server."/own"]
frame-type = "text"
[[wstunnel.server."/own".hosts]]
port = 1
[[wstunnel.server."/list"]]
port = 1
`;
  const flags = [
    { flag: "--frame-type", path: ["wstunnel", "frame-type"], value: "binary" },
    { flag: "--balance", path: ["wstunnel", "balance"], value: "hash" },
  ];
  const loaded = load(text, flags);
  assert("config" in loaded);
  const frameTypes = loaded.config.routes.map(({ key, frameType }) => [key, frameType]);
  assert.deepEqual(frameTypes, [["/", "binary"], ["/own", "text"], ["/list", "binary"]]);
  const said = loaded.warnings.map(formatProblem).filter((line) => line.startsWith("--"));
  assert.deepEqual(said, [
    '--frame-type: doesn\'t hold for "/own": what a route says for itself does',
  ]);
  const server = { flag: "--server", path: ["wstunnel", "server"], value: { "/a": { port: 1 } } };
  const replaced = load(text, [...flags, server]);
  assert("config" in replaced);
  assert.ok(!replaced.warnings.some(({ rule }) => rule.startsWith("doesn't hold")));
});

Deno.test("`loadConfig()` lets --server replace the whole table of the file", () => {
  const value = { "/new": [{ host: "a", port: 2 }] };
  const flags = [{ flag: "--server", path: ["wstunnel", "server"], value }];
  const config = configOf(`[wstunnel]\ndebug = 1\n${SERVER}`, flags);
  assert.deepEqual(config.routes.map(({ key }) => key), ["/new"]);
  assert.equal(config.debug, 1);
});

Deno.test("`loadConfig()` leaves what stands in a flag's way to be reported", () => {
  const flags = [{ flag: "--debug", path: ["wstunnel", "debug"], value: 4 }];
  assert.deepEqual(problemsOf("wstunnel = 3", flags), [
    "x.toml:1: wstunnel: must be a table: current value is 3",
  ]);
});

Deno.test("`loadConfig()` lets --server stand in for the keys that map-extensions names", () => {
  const text = `[wstunnel]\nframe-type = "text"\nmap-extensions = { ".a" = "/" }\n${SERVER}`;
  const value = { "/new": [{ port: 2 }] };
  const flags = [{ flag: "--server", path: ["wstunnel", "server"], value }];
  const loaded = load(text, flags);
  assert("config" in loaded);
  assert.equal(loaded.warnings.length, 1);
});

Deno.test("`loadConfig()` reports wrong flags beside a file that is no TOML", () => {
  const flags = [{ flag: "--debug", path: ["wstunnel", "debug"], value: "x" }];
  assert.deepEqual(problemsOf("a = ", flags), [
    "x.toml:1:5: not TOML: invalid value",
    '--debug: must be a whole number from 0 to 65535, or one of "none", "error", "warning", "info", "debug": current value is "x"',
  ]);
});

Deno.test("`loadConfig()` takes a fallback where neither file nor flag says anything", () => {
  const fallbacks = [{ flag: "SOME_LISTEN", path: ["listen"], value: ":81" }];
  const portOf = (text: string, flags: readonly Setting[] = []) => {
    const loaded = loadToml({ file: { path: "x.toml", text: text + SERVER }, flags, fallbacks });
    assert("config" in loaded);
    return loaded.config.listen.map(({ address }) => "port" in address && address.port);
  };
  assert.deepEqual(portOf(""), [81]);
  assert.deepEqual(portOf('listen = [":82", ":83"]\n'), [82, 83]);
  assert.deepEqual(portOf("", [{ flag: "--listen", path: ["listen"], value: [":84"] }]), [84]);
  assert.deepEqual(
    loadConfig({ flags: [], fallbacks: [{ ...fallbacks[0]!, value: "81" }] }),
    {
      problems: [
        {
          path: "wstunnel.server",
          rule: "must name at least one backend, as in: wstunnel --server 127.0.0.1:5900 " +
            "--frame-type binary",
        },
        {
          flag: "SOME_LISTEN",
          path: "listen",
          rule: "must be host:port, [v6]:port, :port or unix:/path; port 81 of this machine is " +
            "127.0.0.1:81",
          found: '"81"',
        },
      ],
    },
  );
});
