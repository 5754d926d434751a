import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import manifest from "../../deno.json" with { type: "json" };
import { type Command, COMMANDS } from "../../lib/cli/commands.ts";
import { FLAGS } from "../../lib/cli/flags.ts";
import { endOf } from "../../lib/tunnel/cause.ts";
import { configurationTables } from "../../scripts/man_configuration.ts";
import { manPage } from "../../scripts/man_page.ts";
import { GENERATED } from "../../scripts/packaging.ts";
import { ANSWERS, ENDINGS, SIGNALS } from "../../scripts/reference_tables.ts";
import { testUnless } from "./executable.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDER = `${ROOT}packaging`;

interface Ran {
  readonly ok: boolean;
  readonly out: string;
  readonly error: string;
}

function run(program: string, ...args: string[]): Ran {
  const { success, stdout, stderr } = new Deno.Command(program, { args, cwd: FOLDER }).outputSync();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { ok: success, out: out!, error: error! };
}

function missing(program: string): string | null {
  try {
    run(program, "--version");
    return null;
  } catch {
    return `${program} isn't installed`;
  }
}

function read(path: string): string {
  return Deno.readTextFileSync(`${ROOT}${path}`);
}

Deno.test("man page and completions are what deno task packaging writes", () => {
  for (const [name, make] of Object.entries(GENERATED)) {
    assert.equal(read(`packaging/${name}`), make(), `${name}: run deno task packaging`);
  }
});

Deno.test("completions leave an address in a flag's words whole", () => {
  for (const name of ["_wstunnel", "wstunnel.fish"]) {
    assert.match(read(`packaging/${name}`), /--admin HOST:PORT asks for/, name);
  }
});

/** The rows of the first table below a heading of the README, without its head. */
function rowsBelow(heading: string): string[] {
  const readme = read("README.md");
  const start = readme.indexOf(`\n${heading}\n`);
  assert.notEqual(start, -1, heading);
  const table = /^(?:\|.*\n)+/m.exec(readme.slice(start))![0];
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

testUnless(missing("bash"), "bash completes flags, their values and commands", () => {
  const complete = (...words: string[]) => {
    const script = `source ./wstunnel.bash
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_wstunnel
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { ok, out, error } = run("bash", "-uc", script, "bash", "wstunnel", ...words);
    assert(ok, error);
    return out.trim().split("\n").toSorted();
  };
  const names = [...FLAGS.map(({ name }) => name), "--version", "--help"];
  assert.deepEqual(complete(""), [...names, ...Object.keys(COMMANDS)].toSorted());
  assert.deepEqual(complete("check", ""), [...names, "--url"].toSorted());
  const asking = ["--admin", "--admin-token-file", "--config", "--help"];
  assert.deepEqual(complete("end", "5", ""), asking);
  assert.deepEqual(complete("--config", "f", "drain", "--"), [...asking, "--json", "--route"]);
  assert.deepEqual(complete("top", "--o"), ["--once"]);
  assert.deepEqual(complete("--pi"), ["--ping-interval"]);
  assert.deepEqual(complete("--frame-type", ""), ["binary", "text"]);
  assert.deepEqual(complete("--frame-type", "=", "b"), ["binary"]);
  assert.deepEqual(complete("--frame-type", "="), ["binary", "text"]);
  assert.deepEqual(complete("--server", "a:1", "--balance", "h"), ["hash"]);
  assert.deepEqual(complete("--server", ""), [""]);
  assert.deepEqual(complete("--config", "wstunnel.ser"), ["wstunnel.service"]);
});

testUnless(missing("fish"), "fish completes flags, their values and commands", () => {
  const complete = (line: string) => {
    const script = "source ./wstunnel.fish; complete -C $argv[1]";
    const { ok, out, error } = run("fish", "--no-config", "-c", script, line);
    assert(ok, error);
    return out.trim().split("\n").map((entry) => entry.split("\t")[0]).toSorted();
  };
  assert.deepEqual(complete("wstunnel --fr"), ["--frame-type"]);
  assert.deepEqual(complete("wstunnel --frame-type "), ["binary", "text"]);
  assert.deepEqual(complete("wstunnel "), Object.keys(COMMANDS).toSorted());
  assert.deepEqual(complete("wstunnel drain --ro"), ["--route"]);
  assert.deepEqual(complete("wstunnel tunnels --js"), ["--json"]);
  assert.deepEqual(complete("wstunnel tunnels --server"), [""]);
  assert.deepEqual(complete("wstunnel --ur"), [""]);
  assert.deepEqual(complete("wstunnel check --ur"), ["--url"]);
});

/** Types each line into a zsh at a terminal, presses Tab, and waits for what must be seen; says what was seen in its place. */
const TYPE_INTO_ZSH = `zmodload zsh/zpty
await() {
  local seen out
  repeat 200; do
    while zpty -r -t z out; do seen+=$out; done
    [[ $seen == *$1* ]] && return
    sleep 0.05
  done
  print -r -- "no $1 in \${(qqqq)seen}"
  exit 1
}
zpty z zsh -f -i
zpty -w z 'PS1=; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; print REA""DY'
await READY
for line expected in "$@"; do
  zpty -w -n z "$line"$'\t'
  await "$expected"
  zpty -w -n z $'\\C-u'
done
`;

testUnless(missing("zsh"), "zsh completes flags, their values and commands", () => {
  const typed = [
    ["wstunnel --fr", "wstunnel --frame-type"],
    ["wstunnel --frame-type ", "binary"],
    ["wstunnel --balance h", "--balance hash"],
    ["wstunnel che", "wstunnel check"],
    ["wstunnel check --u", "check --url"],
    ["wstunnel ba", "wstunnel backends"],
    ["wstunnel backends --j", "backends --json"],
    ["wstunnel drain --ro", "drain --route"],
    ["wstunnel top --on", "top --once"],
  ];
  const { ok, out, error } = run("zsh", "-f", "-c", TYPE_INTO_ZSH, "zsh", ...typed.flat());
  assert.deepEqual({ ok, out, error }, { ok: true, out: "", error: "" });
});

testUnless(missing("groff"), "the man page renders without a warning, with every flag", () => {
  const { ok, out, error } = run("groff", "-man", "-ww", "-Tascii", "-P-bcou", "./wstunnel.1");
  assert.deepEqual([ok, error], [true, ""]);
  for (const { name, value } of FLAGS) {
    assert.match(out, new RegExp(`${name} ${value}\\n`));
  }
  for (const [name, { flags, switches, ...command }] of Object.entries<Command>(COMMANDS)) {
    const argument = command.argument ?? "";
    assert.match(out, new RegExp(`^ +wstunnel ${name} \\[options\\].*${argument}\\n`, "m"));
    for (const { name, value } of flags) assert.match(out, new RegExp(`${name} ${value}\\n`));
    for (const { name } of switches) assert.match(out, new RegExp(`^ +${name}\\b`, "m"));
  }
});

testUnless(
  missing("systemd-analyze"),
  "the systemd units are sound and expose little",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const unit = `${folder}/wstunnel.service`;
      const text = read("packaging/wstunnel.service")
        .replace(/^ExecStart=\S+/m, "ExecStart=/bin/true").replace(/^Documentation=.*\n/m, "");
      await Deno.writeTextFile(unit, text);
      const socket = `${folder}/wstunnel.socket`;
      const itsSocket = read("packaging/wstunnel.socket").replace(/^Documentation=.*\n/m, "");
      await Deno.writeTextFile(socket, itsSocket);
      assert.deepEqual(run("systemd-analyze", "verify", socket), { ok: true, out: "", error: "" });
      assert.deepEqual(run("systemd-analyze", "verify", unit), { ok: true, out: "", error: "" });
      const exposure = run("systemd-analyze", "security", "--offline=yes", "--threshold=15", unit);
      assert(exposure.ok, exposure.out);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("the image is built with the Deno that the project is pinned to", () => {
  const version = read(".dvmrc").trim();
  assert(read("Dockerfile").includes(`ARG DENO_VERSION=${version}\n`));
  assert.match(manifest.version, /^\d+\.\d+\.\d+$/);
});
