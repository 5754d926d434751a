import assert from "node:assert/strict";
import { FLAGS, parseArguments } from "../../lib/cli/flags.ts";
import { DEFAULTS } from "../../lib/config/defaults.ts";
import { valueAt } from "../../lib/config/problem.ts";
import { jsonSchema } from "../../lib/config/schema.ts";

Deno.test("`parseArguments()` collects flags before and after the subcommand", () => {
  const server = new Map([["server", ["a", "b"]]]);
  const cases: [string[], unknown][] = [
    [[], { kind: "serve", values: new Map() }],
    [["--server", "a", "--server=b"], { kind: "serve", values: server }],
    [["check", "--server", "a", "--server", "b"], { kind: "check", values: server }],
    [["--server", "a", "check", "--server", "b"], { kind: "check", values: server }],
    [["--debug", "1", "--debug", "-2"], { kind: "serve", values: new Map([["debug", ["-2"]]]) }],
    [["--frame-type", ""], { kind: "serve", values: new Map([["frame-type", [""]]]) }],
    [["check", "--url", "http://a/"], { kind: "probe", url: "http://a/" }],
    [["check", "--url", "a", "--url=b"], { kind: "probe", url: "b" }],
    [["--version"], { kind: "version" }],
    [["--server", "a", "--version"], { kind: "version" }],
  ];
  for (const [args, invocation] of cases) {
    assert.deepEqual(parseArguments(args), invocation, args.join(" "));
  }
});

Deno.test("`parseArguments()` reads every flag of the table", () => {
  for (const { name } of FLAGS) {
    const values = new Map([[name.slice(2), ["value"]]]);
    assert.deepEqual(parseArguments([name, "value"]), { kind: "serve", values });
  }
});

Deno.test("`parseArguments()` says what is wrong and suggests the nearest", () => {
  const cases: [string[], string][] = [
    [["--sever", "a"], "unknown option '--sever' (Did you mean --server?)"],
    [["check", "--sever", "a"], "unknown option '--sever' (Did you mean --server?)"],
    [["--qqqqqqqqqq"], "unknown option '--qqqqqqqqqq'"],
    [["--server"], "option '--server <ADDRESS>' argument missing"],
    [["chek"], "unknown command 'chek' (Did you mean check?)"],
    [["--url", "http://a/"], "unknown option '--url'"],
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
  ];
  for (const [args, message] of cases) {
    assert.deepEqual(parseArguments(args), { kind: "wrong", message }, args.join(" "));
  }
});

Deno.test("`parseArguments()` gives a help with every flag, an example and the exit codes", () => {
  for (const args of [["--help"], ["--server", "a", "--help"]]) {
    const invocation = parseArguments(args);
    assert(invocation.kind === "help");
    for (const { name, value } of FLAGS) assert(invocation.text.includes(`${name} <${value}>`));
    for (const part of ["check", "--version", "--help", "Examples:", "Exit codes:"]) {
      assert(invocation.text.includes(part), part);
    }
    assert(invocation.text.split("\n").every((line) => line.length <= 80));
    assert(invocation.text.endsWith("\n"));
  }
  const check = parseArguments(["check", "--help"]);
  assert(check.kind === "help");
  assert(FLAGS.every(({ name }) => check.text.includes(name)));
});

Deno.test("`FLAGS` names places, choices and defaults that the file has", () => {
  const schema = jsonSchema();
  for (const { name, path, choices, summary } of FLAGS) {
    if (path === undefined) continue;
    const place = path.flatMap((part) => ["properties", part]);
    const property = valueAt(schema, place) as { enum?: string[]; default?: unknown };
    assert(property !== undefined, name);
    assert.deepEqual(choices?.toSorted(), property.enum?.toSorted(), name);
    for (const choice of choices ?? []) assert(summary.includes(choice), `${name} ${choice}`);
    const shown = /\(default: (.*)\)$/.exec(summary)?.[1];
    if (shown !== undefined) assert.equal(shown, String(property.default), name);
  }
  assert.equal(DEFAULTS.engine, valueAt(schema, ["properties", "engine", "default"]));
});
