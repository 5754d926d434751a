import assert from "node:assert/strict";
import { run } from "../../lib/cli/run.ts";
import type { Config, RouteConfig } from "../../lib/config/config.ts";
import { loadToml } from "../../lib/config/load.ts";

/** What a run wrote, returned, and was asked to serve. */
function runWith(...args: string[]) {
  return runIn({}, ...args);
}

const none = () => Promise.reject(new Error("no stream is asked for"));

async function runIn(environment: Readonly<Record<string, string>>, ...args: string[]) {
  const ran = { code: -1, out: "", error: "", served: [] as Config[], debugs: [] as boolean[] };
  ran.code = await run(args, {
    environment,
    isTerminal: () => false,
    streams: { input: { read: none }, output: { write: none } },
    writeOut: (text) => ran.out += text,
    writeError: (text) => ran.error += text,
    serve: (config, { events }) => {
      ran.served.push(config);
      ran.debugs.push(events.wants("frame"));
      return Promise.resolve(7);
    },
  });
  return ran;
}

async function withFile(text: string, test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".toml" });
  try {
    await Deno.writeTextFile(path, text);
    await test(path);
  } finally {
    await Deno.remove(path);
  }
}

const UNIX = { text: "unix", bytes: [], bits: 0 };

Deno.test("`run()` serves what the flags say, and gives the server's exit code", async () => {
  const ran = await runWith(
    ...["--subprotocol", "p", "--path", "/vnc", "--server", "127.0.0.1:5900"],
    ...["--server", "exec:cat", "--listen", "127.0.0.1:0", "--listen", "unix:/x"],
    ...["--listen-mode", "620", "--listen-group", "www-data", "--frame-type", "binary"],
    ...["--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "unix", "--proxy-protocol", "optional"],
    ...["--allow-client", "::/0", "--deny-client", "::1", "--deny-client", "unix"],
    ...["--balance", "hash", "--origin", "a.b", "--origin", "c.d", "--ping-interval", "2.5"],
    ...["--max-connections", "100", "--max-connections-per-client", "10"],
    ...["--max-tunnels", "5", "--tunnel-idle-timeout", "600", "--max-lifetime", "86400"],
    ...["--debug", "4", "--engine", "stream", "--log-format", "json"],
  );
  assert.deepEqual([ran.code, ran.out, ran.error, ran.debugs], [7, "", "", [true]]);
  const { routes, ...rest } = ran.served[0]!;
  const [{ hosts, ...route }, ...others] = routes as [RouteConfig, ...RouteConfig[]];
  assert.deepEqual(others, []);
  assert.deepEqual(hosts.map(({ target }) => target.transport), ["tcp", "exec"]);
  assert.deepEqual(route, {
    key: "/vnc",
    balance: "hash",
    frameType: "binary",
    origins: ["a.b", "c.d"],
    auth: null,
    allowClients: [{ text: "::/0", bytes: Array<number>(16).fill(0), bits: 0 }],
    denyClients: [
      { text: "::1", bytes: [...Array<number>(15).fill(0), 1], bits: 128 },
      UNIX,
    ],
    subprotocols: ["p"],
    pingIntervalMs: 2500,
    maxTunnels: 5,
    tunnelIdleTimeoutMs: 600_000,
    maxLifetimeMs: 86_400_000,
  });
  assert.deepEqual(rest, {
    listen: [
      {
        address: { transport: "tcp", hostname: "127.0.0.1", port: 0 },
        proxyProtocol: "optional",
      },
      {
        address: { transport: "unix", path: "/x" },
        file: { mode: 0o620, group: "www-data" },
        proxyProtocol: "optional",
      },
    ],
    engine: "stream",
    workers: null,
    logFormat: "json",
    debug: 4,
    graceMs: 8000,
    drainMs: null,
    exitIdleMs: 0,
    exitAfterMs: 0,
    exitAfterTunnels: 0,
    handshakeTimeoutMs: 10_000,
    maxConnections: 100,
    maxConnectionsPerClient: 10,
    connectionRate: 0,
    maxPending: null,
    maxHeadBytes: 16_384,
    trustedProxies: [{ text: "10.0.0.0/8", bytes: [10, 0, 0, 0], bits: 8 }, UNIX],
    forwardedHeader: "x-forwarded-for",
    healthPath: "/healthz",
    routeDefaults: {
      balance: "fair",
      frameType: "text",
      origins: [],
      auth: null,
      allowClients: [],
      denyClients: [],
      subprotocols: ["p"],
      pingIntervalMs: 0,
      maxTunnels: 0,
      tunnelIdleTimeoutMs: 0,
      maxLifetimeMs: 0,
    },
    mapExtensions: {},
    maxBufferBytes: 16 * 1024 ** 2,
    bufferBytes: 256 * 1024,
  });
});

Deno.test("`run()` lets flags beat the file", async () => {
  const text = '[wstunnel]\ndebug = 1\nbalance = "hash"\n[wstunnel.server."/f"]\nport = 1\n';
  await withFile(text, async (path) => {
    const { served } = await runWith("--config", path, "--debug", "2", "--server", "a:3");
    const [config] = served;
    assert.deepEqual([config!.debug, config!.routes[0]!.balance], [2, "hash"]);
    assert.deepEqual(config!.routes.map(({ key }) => key), ["/"]);
  });
});

Deno.test("`run()` names the file's lines and the flags that are wrong, and serves nothing", async () => {
  await withFile("[wstunnel]\nbalanse = 1\n", async (path) => {
    const ran = await runWith(
      "--config",
      path,
      "--debug",
      "x",
      "--server",
      "a",
      "--server",
      "exec:'",
    );
    assert.deepEqual([ran.code, ran.out, ran.served], [2, "", []]);
    assert.deepEqual(ran.error.split("\n"), [
      `wstunnel: ${path}:2: wstunnel.balanse: unknown key, did you mean balance?`,
      'wstunnel: --server: must be host:port, [v6]:port, unix:/path, tls:host:port or exec:COMMAND: current value is "a"',
      "wstunnel: --server: has a ' that is not closed",
      'wstunnel: --debug: must be a whole number from 0 to 65535, or one of "none", "error", "warning", "info", "debug": current value is "x"',
      "",
    ]);
  });
});

Deno.test("`run()` refuses every flag with a value that is not allowed", async () => {
  const cases: [string[], string][] = [
    [
      ["--listen", "x"],
      '--listen: must be host:port, [v6]:port, :port or unix:/path: current value is "x"',
    ],
    [
      ["--proxy-protocol", "required"],
      "--proxy-protocol: has no effect without --listen",
    ],
    [
      ["--proxy-protocol", "on", "--listen", ":1", "--trusted-proxy", "unix"],
      '--proxy-protocol: must be off, optional or required: current value is "on"',
    ],
    [
      ["--proxy-protocol", "required", "--listen", ":1"],
      '--proxy-protocol: needs trusted-proxies: a PROXY header is taken from nobody else: current value is "required"',
    ],
    [
      ["--trusted-proxy", "10.0.0.1/8"],
      '--trusted-proxy: has bits set behind the /8: the network is 10.0.0.0/8: current value is "10.0.0.1/8"',
    ],
    [
      ["--listen-mode", "666"],
      "--listen-mode: has no effect without --listen unix:/path",
    ],
    [
      ["--listen-group", "x", "--listen", "unix:@x"],
      "--listen-group: has no effect without --listen unix:/path",
    ],
    [
      ["--listen-mode", "rw", "--listen", "unix:/x"],
      '--listen-mode: must be three octal digits, such as "0660": current value is "rw"',
    ],
    [
      ["--listen-group", "", "--listen", "unix:/x"],
      '--listen-group: must be a name or a number: current value is ""',
    ],
    [
      ["--listen", ":1", "--listen", ":1"],
      '--listen: must not be listed twice: current value is ":1"',
    ],
    [["--server", "exec:'"], "--server: has a ' that is not closed"],
    [["--server", "exec:"], "--server: must start with a program"],
    [["--path", "", "--server", "a:1"], '--path "": a key must not be empty: / is every path'],
    [
      ["--path", "7", "--server", "a:1"],
      "--path 7: a key must not be digits alone: put / or . in front",
    ],
    [
      ["--path", "/a", "--server", "a:1", "--frame-type", "x"],
      '--frame-type: must be "text" or "binary": current value is "x"',
    ],
    [["--subprotocol", "a b"], '--subprotocol: must be a token (RFC 7230): current value is "a b"'],
    [
      ["--balance", "x"],
      '--balance: must be "fair", "least-connection", "round-robin", "hash" or "sticky": current value is "x"',
    ],
    [["--frame-type", "x"], '--frame-type: must be "text" or "binary": current value is "x"'],
    [
      ["--origin", "*"],
      '--origin: an empty list admits every origin, * is no entry: current value is "*"',
    ],
    [
      ["--ping-interval", "-1"],
      "--ping-interval: must be a number of seconds from 0 to 86400: current value is -1",
    ],
    [
      ["--debug", "1.5"],
      '--debug: must be a whole number from 0 to 65535, or one of "none", "error", "warning", "info", "debug": current value is 1.5',
    ],
    [
      ["--engine", "x"],
      '--engine: must be "auto", "loop", "native" or "stream": current value is "x"',
    ],
    [["--log-format", "x"], '--log-format: must be "text" or "json": current value is "x"'],
  ];
  for (const [args, message] of cases) {
    const server = args.includes("--server") ? [] : ["--server", "a:1"];
    const { code, error } = await runWith(...args, ...server);
    assert.deepEqual([code, error], [2, `wstunnel: ${message}\n`], args.join(" "));
  }
});

Deno.test("`run()` shows how to start it when no server is given", async () => {
  const ran = await runWith();
  const oneLine = "wstunnel --server 127.0.0.1:5900 --frame-type binary";
  assert.equal(ran.code, 2);
  assert.equal(
    ran.error,
    `wstunnel: wstunnel.server: must name at least one backend, as in: ${oneLine}\n`,
  );
  // The line it shows is one that works.
  assert.equal((await runWith(...oneLine.split(" ").slice(1))).code, 7);
});

Deno.test("`run()` refuses --path without --server", async () => {
  await withFile('[wstunnel.server."/"]\nport = 1\n', async (path) => {
    const ran = await runWith("--config", path, "--path", "/x");
    assert.deepEqual([ran.code, ran.error], [
      2,
      "wstunnel: --path /x: must have a --server behind it, as in: wstunnel --path /x --server 127.0.0.1:5900\n",
    ]);
  });
});

Deno.test("`run()` sends a wrong command line to the help", async () => {
  const ran = await runWith("--sever", "a:1");
  assert.deepEqual([ran.code, ran.out], [2, ""]);
  assert.equal(
    ran.error,
    "wstunnel: unknown option '--sever' (Did you mean --server?)\nwstunnel: try wstunnel --help\n",
  );
});

Deno.test("`run()` with check prints a configuration that loads to what would be served", async () => {
  const flags = ["--server", "[::1]:5900", "--listen", ":0", "--ping-interval", "0.5"].concat(
    // Without them there would be warnings.
    ["--origin", "example.com", "--frame-type", "text"],
  );
  const checked = await runWith("check", ...flags);
  assert.deepEqual([checked.code, checked.error, checked.served], [0, "", []]);
  const { served } = await runWith(...flags);
  const loaded = loadToml({ file: { path: "x.toml", text: checked.out }, flags: [] });
  assert.deepEqual(loaded, { config: served[0], warnings: [] });
});

Deno.test("`run()` reports everything that is wrong with several --server and their --path", async () => {
  const servers = ["exec:", "a:1", "exec:'", "b"].flatMap((server) => ["--server", server]);
  const { code, error } = await runWith("--path", "", ...servers);
  assert.equal(code, 2);
  assert.deepEqual(error.split("\n"), [
    'wstunnel: --server: must be host:port, [v6]:port, unix:/path, tls:host:port or exec:COMMAND: current value is "b"',
    "wstunnel: --server: must start with a program",
    "wstunnel: --server: has a ' that is not closed",
    'wstunnel: --path "": a key must not be empty: / is every path',
    "",
  ]);
});

Deno.test("`run()` reports a file that can't be read, and wrong flags beside it", async () => {
  for (
    const [file, said] of [
      ["", "wstunnel: --config: must name a file"],
      ["/no/such", "wstunnel: /no/such: cannot be read: there is no such file"],
    ]
  ) {
    const { code, error } = await runWith("--config", file!, "--debug", "x");
    assert.deepEqual([code, error.split("\n")], [2, [
      said,
      'wstunnel: --debug: must be a whole number from 0 to 65535, or one of "none", "error", "warning", "info", "debug": current value is "x"',
      "",
    ]]);
  }
});

Deno.test("`run()` with check prints warnings beside the configuration", async () => {
  const text = '[wstunnel]\nmap-extensions = { ".a" = ".b" }\nframe-type = "text"\n' +
    '[wstunnel.server."/"]\nport = 1\n';
  await withFile(text, async (path) => {
    const { code, error, out } = await runWith("check", "--config", path);
    assert.equal(code, 0);
    assert.equal(
      error,
      `wstunnel: warning: ${path}:2: wstunnel.map-extensions.".a": has no effect: ".b" is no key of wstunnel.server\n`,
    );
    assert.match(out, /^listen = /);
  });
});

Deno.test("`run()` listens where WSTUNNEL_LISTEN says, unless a flag or the file says otherwise", async () => {
  const server = ["--server", "a:1"];
  const portOf = async (value: string, ...args: string[]) => {
    const { served } = await runIn({ WSTUNNEL_LISTEN: value }, ...args);
    return served[0]!.listen.map(({ address }) => "port" in address && address.port);
  };
  assert.deepEqual(await portOf(":81", ...server), [81]);
  assert.deepEqual(await portOf("", ...server), [8080]);
  assert.deepEqual(await portOf(":81", ...server, "--listen", ":82"), [82]);
  await withFile('listen = ":83"\n[wstunnel.server."/"]\nport = 1\n', async (path) => {
    assert.deepEqual(await portOf(":81", "--config", path), [83]);
  });
  const { code, error } = await runIn({ WSTUNNEL_LISTEN: "x" }, ...server);
  assert.equal(code, 2);
  assert.match(
    error,
    /^(wstunnel: )?WSTUNNEL_LISTEN: must be host:port, .* current value is "x"\n$/,
  );
});

Deno.test("`run()` starts every line of an error with the program's name", async () => {
  const lighttpd = 'server.modules = ( "mod_wstunnel" )\n';
  for (const text of ["a = \n", "[wstunnel]\nx = 1\ny = 2\n", "a = 1\nb = ", lighttpd]) {
    await withFile(text, async (path) => {
      const cases: [code: number, ...args: string[]][] = [
        [2, "--config", path],
        [2, "check", "--config", path, "--debug", "x"],
        [2, "--config", path, "--config", path],
        [2, "--sever", "a:1"],
        [2, "6080", "localhost:5900"],
        [2, "check", path],
        [2, "a\nb"],
        [2, "--a\nb"],
        [2, "--config", "/no\nsuch\x1b[1m"],
        [2, "--path", "\n", "--server", "\n"],
        [2, "--engine", "\n", "--engine", "\r"],
        [2, "check", "--url", "nowhere"],
        [2, "check", "--url", "a", "--url", "b"],
        [1, "check", "--url", `unix:${path}.sock`],
        [2],
        [0, "check", "--path", "/a", "--server", "a:1", "--path", "/ab", "--server", "a:2"],
      ];
      for (const [expected, ...args] of cases) {
        const { code, error } = await runWith(...args);
        assert.equal(code, expected, `${args.join(" ")}: ${error}`);
        assert.match(error, /^(wstunnel: \S\P{Cc}*\n)+$/u, args.join(" "));
      }
    });
  }
});

Deno.test("`run()` names the --path that is never reached", async () => {
  const flags = ["--path", "/a", "--server", "a:1", "--path", "/ab", "--server", "a:2"];
  const { error } = await runWith("check", ...flags, "--frame-type", "binary");
  const lines = error.split("\n").filter((line) => line.includes("never reached"));
  assert.deepEqual(lines, [
    'wstunnel: warning: --path /ab: is never reached: "/a" stands before it and matches every path of it',
  ]);
});

Deno.test("`run()` takes levels by name and by number, from flag and file", async () => {
  const names = ["none", "error", "warning", "info", "debug"];
  for (const [level, name] of names.entries()) {
    const { served } = await runWith("--server", "a:1", "--debug", name);
    assert.equal(served[0]!.debug, level);
    await withFile(`[wstunnel]\ndebug = "${name}"\n`, async (path) => {
      const { served } = await runWith("--config", path, "--server", "a:1");
      assert.equal(served[0]!.debug, level);
    });
  }
});
