/** A lighttpd.conf in place of a TOML file. */
import assert from "node:assert/strict";
import { loadToml } from "../../lib/config/load.ts";
import { formatProblem } from "../../lib/config/problem.ts";

function problemsOf(text: string): string[] {
  const loaded = loadToml({ file: { path: "lighttpd.conf", text }, flags: [] });
  return "problems" in loaded ? loaded.problems.map(formatProblem) : [];
}

const shown = (line: string, programs: string) => [
  `lighttpd.conf: is lighttpd's configuration, and must be TOML: in words of here it is: ${line}; ` +
  `with check before the flags that prints it as TOML${programs}`,
];

const FILES: readonly (readonly [text: string, line: string])[] = [
  [
    `server.modules = ( "mod_wstunnel" )
server.port = 8080
wstunnel.frame-type = "binary"
wstunnel.server = (
  # "/old" => ( ( "host" => "10.0.0.1", "port" => "1" ) ),
  "/vnc" => (
    ( "host" => "127.0.0.1", "port" => "5900" ),
    ( "port" => 5901, "host" => "vnc.example" ),
  ),
  "/redis" => ( "one" => ( "socket" => "/run/redis one.sock" ) ),
  ".sock" => ( ( "host" => "/run/x", "bin-path" => "/usr/bin/x" ) ),
)
`,
    "wstunnel --frame-type binary --path /vnc --server 127.0.0.1:5900 --server vnc.example:5901 " +
    "--path /redis --server 'unix:/run/redis one.sock' --path .sock --server unix:/run/x",
  ],
  [
    `$HTTP["url"] =~ "^/vnc" {\n wstunnel.server = ( "" => ( ( "host" => "::1", "port" => "5900" ) ) )\n}`,
    "wstunnel --path /vnc --server '[::1]:5900'",
  ],
  [
    `$HTTP["url"] =^ "/a" {\n wstunnel.server = ( "" => ( ( "port" => 1 ) ) )\n}
else $HTTP["host"] == "b.example" {\n wstunnel.server = ( "/" => ( ( "port" => 2 ) ) )\n}`,
    "wstunnel --path /a --server 127.0.0.1:1 --path / --server 127.0.0.1:2",
  ],
  [
    `wstunnel.server = ( "/" => ( ( "port" => 1 ) ) )
wstunnel.origins = ( "example.com",
  "https://example.org" )
wstunnel.ping-interval = 30
wstunnel.balance = "round-robin"
`,
    "wstunnel --balance round-robin --ping-interval 30 --origin example.com " +
    "--origin https://example.org --path / --server 127.0.0.1:1",
  ],
  [
    `include "modules.conf"\nserver.document-root = "/srv"`,
    "wstunnel --path /vnc --server 127.0.0.1:5900",
  ],
  ['server.modules += ("mod_wstunnel")', "wstunnel --path /vnc --server 127.0.0.1:5900"],
];

for (const [text, line] of FILES) {
  Deno.test(`a lighttpd.conf is answered with ${line}`, () => {
    const programs = text.includes("bin-path") ? "; what bin-path starts is for the file" : "";
    assert.deepEqual(problemsOf(text), shown(line, programs));
  });
}

Deno.test("other text that is no TOML is not taken for a lighttpd.conf", () => {
  for (const text of ["listen: 8080", "{}", '[wstunnel\nx = "a"', "a = (1)"]) {
    assert.match(problemsOf(text)[0]!, /^lighttpd\.conf:\d+:\d+: not TOML: /, text);
  }
});

Deno.test("a big file is answered without delay", () => {
  const size = 1024 * 1024;
  const routes = '"/a" => ( ( "host" => "a", "port" => 1 ) ),\n';
  for (
    const filler of [
      "\n",
      " ",
      "(",
      '("',
      '"/',
      "# ",
      '( "host" => ',
      '$HTTP["url"]',
      "wstunnel.origins = (",
      routes,
    ]
  ) {
    const start = performance.now();
    problemsOf("server.modules = (\n" + filler.repeat(size / filler.length));
    assert.ok(performance.now() - start < 5000, JSON.stringify(filler));
  }
});
