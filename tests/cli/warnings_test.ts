/** What is hardly meant in a configuration, as `check` and the start say it. */
import assert from "node:assert/strict";
import { runProgram, startProgram } from "../support/program.ts";

const FILE = `listen = [
  "127.0.0.1:0",
  "0.0.0.0:0",
]
[wstunnel.server."/a?b"]
exec = "no-such-program"
[wstunnel.server."/c"]
exec = "cat | cat"
[[wstunnel.server."/d"]]
socket = "/no/such/folder/a.sock"
`;

const WARNINGS = [
  ':3: listen[1]: is reached from other machines, and neither origins nor authentication say who may use "/a?b", ' +
  '"/c", "/d": any program can, and any web page',
  ':5: wstunnel.server."/a?b": has a ?, and a path is matched without what follows its ?',
  ':5: wstunnel.frame-type: is not set for "/a?b", "/c", "/d": clients that offer no subprotocol get text frames, ' +
  "which carry UTF-8 alone; VNC, SSH, databases and whatever else is binary need " +
  'frame-type = "binary" (--frame-type binary), and "text" says that text is meant',
  ':6: wstunnel.server."/a?b".exec: there is no program "no-such-program" on its PATH',
  `:8: wstunnel.server."/c".exec: has | and no shell reads it: write sh -c '...' for one, or quote what is to be ` +
  "passed on as it is",
  ':10: wstunnel.server."/d"[0].socket: there is no folder "/no/such/folder" for the socket',
];

Deno.test("`wstunnel check` and the start warn of what can't work, with its line", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/x.toml`;
    await Deno.writeTextFile(path, FILE);
    const checked = await runProgram(["check", "--config", path]);
    const expected = WARNINGS.map((warning) => path + warning);
    assert.equal(checked.code, 0);
    assert.deepEqual(checked.stderr.split("\n"), [
      ...expected.map((warning) => `wstunnel: warning: ${warning}`),
      "",
    ]);

    await using program = await startProgram(["--config", path], { listen: [], listeners: 2 });
    const lines = program.log.all.filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
    const warned = lines.filter(({ level }) => level === "warn" || level === "warning");
    assert.deepEqual(
      warned.map(({ message }) => message).filter((it) => it.startsWith(path)),
      expected,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("`wstunnel check` warns of flags by their names", async () => {
  const flags = ["--listen", ":8080", "--path", "/a?b", "--server", "exec:no-such-program"]
    .concat("--engine", "native");
  const { code, stderr } = await runProgram(["check", ...flags]);
  assert.equal(code, 0);
  for (
    const part of [
      "wstunnel: warning: --listen: is reached from other machines, and neither origins ",
      'wstunnel: warning: --server: there is no program "no-such-program" on its PATH\n',
      "wstunnel: warning: --engine: native is not for strangers: ",
      'wstunnel.frame-type: is not set for "/a?b": ',
      "has a ?, and a path is matched without what follows its ?\n",
    ]
  ) assert(stderr.includes(part), stderr);
});
