import assert from "node:assert/strict";
import { parseArguments } from "../../lib/cli/arguments.ts";
import { type Command, COMMANDS } from "../../lib/cli/commands.ts";
import { FLAGS } from "../../lib/cli/flags.ts";

function ask(command: string, more: object) {
  return { kind: "ask", command, words: [], given: [], switches: [], ...more };
}

Deno.test("`parseArguments()` keeps the order of flags before and behind the subcommand", () => {
  const given = [["--server", "a"], ["--path", "/p"], ["--server", "b"]] as const;
  const flags = given.map(([name, value]) => ({ name, value }));
  const cases: [string[], unknown][] = [
    [[], { kind: "serve", given: [] }],
    [["--server", "a", "--path=/p", "--server=b"], { kind: "serve", given: flags }],
    [["check", "--server", "a", "--path", "/p", "--server", "b"], { kind: "check", given: flags }],
    [["--server", "a", "check", "--path", "/p", "--server", "b"], { kind: "check", given: flags }],
    [["--server", "a", "--path", "/p", "check", "--server", "b"], { kind: "check", given: flags }],
    [["--debug", "-2"], { kind: "serve", given: [{ name: "--debug", value: "-2" }] }],
    [["--frame-type", ""], { kind: "serve", given: [{ name: "--frame-type", value: "" }] }],
    [["check", "--url", "http://a/"], { kind: "probe", url: "http://a/" }],
    [["tunnels", "--json"], ask("tunnels", { switches: ["--json"] })],
    [["--admin", "unix:/a", "end", "5", "6"], {
      ...ask("end", { words: ["5", "6"] }),
      given: [{ name: "--admin", value: "unix:/a" }],
    }],
    [["drain", "--route", "/r", "a:1"], {
      ...ask("drain", { words: ["a:1"] }),
      given: [{ name: "--route", value: "/r" }],
    }],
    [["top", "--once"], ask("top", { switches: ["--once"] })],
    [["websockify", "--web", "x", "-h"], { kind: "websockify", args: ["--web", "x", "-h"] }],
    [["help", "websockify"], { kind: "websockify", args: ["--help"] }],
    ...[["--version"], ["-V"], ["version"], ["--server", "a", "--version"]]
      .map((args): [string[], unknown] => [args, { kind: "version" }]),
  ];
  for (const [args, invocation] of cases) {
    assert.deepEqual(parseArguments(args), invocation, args.join(" "));
  }
});

Deno.test("`parseArguments()` reads every flag of the table", () => {
  for (const { name } of FLAGS) {
    const given = [{ name, value: "value" }];
    assert.deepEqual(parseArguments([name, "value"]), { kind: "serve", given });
  }
});

Deno.test("`parseArguments()` says what is wrong and suggests the nearest", () => {
  const cases: [string[], string][] = [
    [["--sever", "a"], "unknown option '--sever' (Did you mean --server?)"],
    [["check", "--sever", "a"], "unknown option '--sever' (Did you mean --server?)"],
    [["--qqqqqqqqqq"], "unknown option '--qqqqqqqqqq'"],
    [
      ["--server", "a:1", "--drain-time", "5"],
      "unknown option '--drain-time'; drain-time is a key of the file (--config FILE), and has no flag",
    ],
    [
      ["--bin-path=redis-server"],
      "unknown option '--bin-path=redis-server'; bin-path is a key of the file (--config FILE), and has no flag",
    ],
    [["--origins", "a"], "unknown option '--origins' (Did you mean --origin?)"],
    [["--server"], "option '--server <ADDRESS>' argument missing"],
    [["chek"], "unknown command 'chek' (Did you mean check?)"],
    [["hepl"], "unknown command 'hepl' (Did you mean help?)"],
    [["--url", "http://a/"], "unknown option '--url'; --url is a flag of wstunnel check"],
    [
      ["127.0.0.1:1"],
      "unexpected argument '127.0.0.1:1'; a backend is given with --server, a file with --config",
    ],
    [["check", "x.toml"], "unexpected argument 'x.toml'; a file is given with --config"],
    [
      ["--server", "exec:/usr/sbin/sshd", "-i"],
      "unknown option '-i'; a command with arguments is quoted whole: --server 'exec:sshd -i'",
    ],
    [
      ["--server", "exec:/usr/sbin/sshd", "-D"],
      "unknown option '-D'; a command with arguments is quoted whole: --server 'exec:sshd -i'",
    ],
    [
      ["--server=exec:/bin/cat", "foo"],
      "unexpected argument 'foo'; a backend is given with --server, a file with --config; a command " +
      "with arguments is quoted whole: --server 'exec:sshd -i'",
    ],
    [
      ["--", "--server"],
      "unexpected argument '--server'; a backend is given with --server, a file with --config",
    ],
    [
      ["--listen", ":1", "check", "--url", "unix:/x"],
      "--url asks a server that runs: --listen has no effect beside it",
    ],
    [["tunnles"], "unknown command 'tunnles' (Did you mean tunnels?)"],
    [["end"], "missing required argument 'ID'"],
    [["end", "5", "x"], "'x' is no id of a tunnel: wstunnel tunnels lists them"],
    [["end", "--", "-5"], "'-5' is no id of a tunnel: wstunnel tunnels lists them"],
    [["drain", "a:1", "b:2"], "unexpected argument 'b:2'"],
    [["reload", "x.toml"], "unexpected argument 'x.toml'"],
    [["tunnels", "--listen", ":1"], "--listen has no effect with tunnels"],
    [["tunnels", "--route", "/"], "unknown option '--route'"],
    [["top", "--config", "a", "--config", "b"], "--config: must be given once"],
    [
      ["--listen", ":1", "websockify", "6080"],
      "websockify must be the first word; behind it stand options of websockify's alone",
    ],
    [["check", "--url", "a", "--url=b"], '--url: must be given once, not as "a" and "b"'],
  ];
  for (const [args, message] of cases) {
    assert.deepEqual(parseArguments(args), { kind: "wrong", message }, args.join(" "));
  }
});

Deno.test("`parseArguments()` gives a help with every flag, an example and the exit codes", () => {
  for (const args of [["--help"], ["-h"], ["help"], ["--server", "a", "--help"]]) {
    const invocation = parseArguments(args);
    assert(invocation.kind === "help");
    for (const { name, value } of FLAGS) assert(invocation.text.includes(`${name} <${value}>`));
    for (const part of ["check", "--version", "--help", "Examples:", "Exit codes:"]) {
      assert(invocation.text.includes(part), part);
    }
    assert(invocation.text.split("\n").every((line) => line.length <= 80));
    assert(invocation.text.endsWith("\n"));
  }
  for (const args of [["check", "--help"], ["check", "-h"], ["help", "check"]]) {
    const check = parseArguments(args);
    assert(check.kind === "help", args.join(" "));
    assert(FLAGS.every(({ name }) => check.text.includes(name)));
    assert(check.text.includes("--url"));
  }
  for (const [name, { summary, flags, switches }] of Object.entries<Command>(COMMANDS)) {
    // Its options are a table of their own.
    if (name === "websockify") continue;
    const help = parseArguments(["help", name]);
    assert(help.kind === "help", name);
    assert(help.text.replace(/\s+/g, " ").includes(summary), name);
    for (const part of [...flags, ...switches]) assert(help.text.includes(part.name), part.name);
  }
});
