import assert from "node:assert/strict";
import { formatProblem } from "../../lib/config/problem.ts";
import { configOf, load, problemsOf, SERVER } from "./loading.ts";

Deno.test("`loadConfig()` reports everything at once, in the order of the file, then of the flags", () => {
  const text = `# first
listen = ["127.0.0.1:1", "x"]

[wstunnel]
debug = "a"   # wrong
# between

balanse = "fair"

[[wstunnel.server."/a"]]
port = 1

[[wstunnel.server."/a"]]
port = 1
min-procs = 9
[[wstunnel.server.".b"]]
`;
  const flags = [{ flag: "--ping-interval", path: ["wstunnel", "ping-interval"], value: "soon" }];
  assert.deepEqual(problemsOf(text, flags), [
    'x.toml:2: listen[1]: must be host:port, [v6]:port, :port or unix:/path: current value is "x"',
    'x.toml:5: wstunnel.debug: must be a whole number from 0 to 65535, or one of "none", "error", "warning", "info", "debug": current value is "a"',
    "x.toml:8: wstunnel.balanse: unknown key, did you mean balance?",
    'x.toml:15: wstunnel.server."/a"[1].min-procs: has no effect without bin-path: current value is 9',
    'x.toml:16: wstunnel.server.".b"[0]: must have port, socket or exec',
    '--ping-interval: must be a number of seconds from 0 to 86400: current value is "soon"',
  ]);
});

Deno.test("`loadConfig()` never repeats what may be a secret", () => {
  const secrets = [
    'bin-environment = { PASSWORD = ["hunter2"] }',
    'bin-environment = "PASSWORD=hunter2"',
    'bin-environment = { "A=hunter2" = 1 }',
    'bin-enviroment = { PASSWORD = "hunter2" }',
    'bin-copy-environment = ["OK", { PASSWORD = "hunter2" }]',
    'bin-path = "prog --password \'hunter2"',
    'bin-path = ["prog", { password = "hunter2" }]',
    'bin-environment = { PASSWORD = "hunter2\\u0000" }',
    "bin-environment = { PASSWORD = 'hunter2 }",
  ];
  for (const line of secrets) {
    const said = problemsOf(`[wstunnel.server."/"]\nport = 1\n${line}`).join("\n");
    assert.notEqual(said, "", line);
    assert.doesNotMatch(said.replace('."A=hunter2"', ""), /hunter2/, line);
  }
});

Deno.test("`loadConfig()` shows a value short and on one line", () => {
  const [said] = problemsOf(`engine = "${"x".repeat(100)}"\n${SERVER}`);
  assert.equal(
    said,
    `x.toml:1: engine: must be "auto", "loop", "native" or "stream": current value is "${
      "x".repeat(60)
    }..."`,
  );
  const [controls] = problemsOf(`engine = "a\\n\\u001b\\u009b\\u202e"\n${SERVER}`);
  assert.equal(
    controls,
    'x.toml:1: engine: must be "auto", "loop", "native" or "stream": current value is "a\\n\\u001b\\u009b\\u202e"',
  );
});

Deno.test("`loadConfig()` fills in the defaults", () => {
  assert.deepEqual(configOf(SERVER), {
    listen: [{ address: { transport: "tcp", hostname: "127.0.0.1", port: 8080 } }],
    engine: "auto",
    workers: null,
    logFormat: "text",
    debug: 3,
    graceMs: 8000,
    drainMs: null,
    exitIdleMs: 0,
    exitAfterMs: 0,
    exitAfterTunnels: 0,
    handshakeTimeoutMs: 10_000,
    maxConnections: null,
    maxConnectionsPerClient: null,
    connectionRate: 0,
    maxPending: null,
    maxHeadBytes: 16_384,
    healthPath: "/healthz",
    trustedProxies: [],
    forwardedHeader: "x-forwarded-for",
    routes: [{
      key: "/",
      hosts: [{
        target: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
        disableTimeMs: 1000,
        maxLoad: 0,
        connectTimeoutMs: 8000,
        readTimeoutMs: 0,
        sendProxy: null,
        writeTimeoutMs: 0,
        tcpFinPropagate: false,
        tls: null,
      }],
      balance: "fair",
      frameType: "text",
      origins: [],
      auth: null,
      allowClients: [],
      denyClients: [],
      subprotocols: null,
      pingIntervalMs: 0,
      maxTunnels: 0,
      tunnelIdleTimeoutMs: 0,
      maxLifetimeMs: 0,
    }],
    routeDefaults: {
      balance: "fair",
      frameType: "text",
      origins: [],
      auth: null,
      allowClients: [],
      denyClients: [],
      subprotocols: null,
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

Deno.test("`loadConfig()` keeps routes in file order and reads each kind of host", () => {
  const config = configOf(`
[wstunnel]
max-buffer = 65536
buffer-size = "32 KiB"
ping-interval = 0.5
map-extensions = { ".console" = ".vnc" }
[wstunnel.server.".vnc"]
host = "::1"
port = 5900
[wstunnel.server."/z"]
host = "/run/z"
[[wstunnel.server."/a"]]
socket = "@abstract"
[[wstunnel.server."/a"]]
port = 65532
bin-path = "'/opt/my prog' --port {port}"
bin-environment = { A = "1" }
socket-handover = "stdin"
[wstunnel.server."/exec"]
exec = ["/bin/cat", "-"]
bin-copy-environment = []
`);
  assert.deepEqual(config.routes.map(({ key }) => key), [".vnc", "/z", "/a", "/exec"]);
  const hosts = config.routes.flatMap((route) => route.hosts);
  assert.deepEqual(hosts.map((host) => host.target), [
    { transport: "tcp", hostname: "::1", port: 5900 },
    { transport: "unix", path: "/run/z" },
    { transport: "unix", path: "\0abstract" },
    { transport: "tcp", hostname: "127.0.0.1", port: 65532 },
    {
      transport: "exec",
      command: ["/bin/cat", "-"],
      environment: {},
      copyEnvironment: [],
      maxProcs: 64,
      maxProcsPerClient: null,
      killSignal: "SIGTERM",
    },
  ]);
  assert.deepEqual(hosts.map((host) => host.program), [undefined, undefined, undefined, {
    command: ["/opt/my prog", "--port", "{port}"],
    environment: { A: "1" },
    copyEnvironment: null,
    minProcs: 1,
    maxProcs: 4,
    maxLoadPerProc: 1,
    idleTimeoutMs: 60_000,
    listenBacklog: 1024,
    killSignal: "SIGTERM",
    onExit: "restart",
    handover: "stdin",
  }, undefined]);
  assert.deepEqual(
    [
      config.maxBufferBytes,
      config.bufferBytes,
      config.routes[0]!.pingIntervalMs,
      config.mapExtensions,
    ],
    [65536, 32768, 500, { ".console": ".vnc" }],
  );
});

Deno.test("`loadConfig()` gives each route what it says for itself, else what stands under [wstunnel]", () => {
  const { routes } = configOf(`
[wstunnel]
frame-type = "binary"
balance = "hash"
origins = ["a.example"]
auth = { token = "tokens" }
allow-clients = ["10.0.0.0/8", "unix"]
deny-clients = ["10.1.0.0/16"]
subprotocols = ["a"]
ping-interval = 5
max-tunnels = 9
tunnel-idle-timeout = 60
[wstunnel.server."/lone"]
frame-type = "text"
port = 1
[[wstunnel.server."/list"]]
port = 2
[wstunnel.server."/own"]
balance = "fair"
origins = []
auth = {}
allow-clients = []
deny-clients = []
subprotocols = []
ping-interval = 0
tunnel-idle-timeout = 0
max-lifetime = 1
[[wstunnel.server."/own".hosts]]
port = 3
[[wstunnel.server."/own".hosts]]
port = 4
[wstunnel.server."/table".hosts]
port = 5
`);
  const shared = { balance: "hash", origins: ["a.example"], subprotocols: ["a"] };
  const auth = { token: "tokens", from: [{ kind: "authorization" }], realm: "wstunnel" };
  const clients = {
    allowClients: [{ text: "10.0.0.0/8", bytes: [10, 0, 0, 0], bits: 8 }, {
      text: "unix",
      bytes: [],
      bits: 0,
    }],
    denyClients: [{ text: "10.1.0.0/16", bytes: [10, 1, 0, 0], bits: 16 }],
  };
  const limits = { maxTunnels: 9, tunnelIdleTimeoutMs: 60_000, maxLifetimeMs: 0 };
  const ours = { ...shared, ...clients, auth, ...limits };
  const all = { ...ours, frameType: "binary", pingIntervalMs: 5000 };
  assert.deepEqual(
    routes.map(({ hosts, ...rest }) => ({
      ...rest,
      ports: hosts.map(({ target }) => target.transport === "tcp" && target.port),
    })),
    [
      { key: "/lone", ports: [1], ...all, frameType: "text" },
      { key: "/list", ports: [2], ...all },
      {
        key: "/own",
        ports: [3, 4],
        balance: "fair",
        frameType: "binary",
        origins: [],
        auth: null,
        allowClients: [],
        denyClients: [],
        subprotocols: [],
        pingIntervalMs: 0,
        ...limits,
        tunnelIdleTimeoutMs: 0,
        maxLifetimeMs: 1000,
      },
      { key: "/table", ports: [5], ...all },
    ],
  );
});

Deno.test("`loadConfig()` takes the example of the reference, and warns of what has no effect in it", () => {
  const text = `[wstunnel]
map-extensions = { ".console" = ".vnc" }
[wstunnel.server."/vnc"]
port = 5900
bin-path = "vncd {prot} {json}"
frame-type = "binary"
`;
  const loaded = load(text);
  assert("config" in loaded);
  assert.deepEqual(loaded.config.mapExtensions, { ".console": ".vnc" });
  assert.deepEqual(loaded.warnings.map(formatProblem), [
    'x.toml:2: wstunnel.map-extensions.".console": has no effect: ".vnc" is no key of wstunnel.server',
    'x.toml:5: wstunnel.server."/vnc".bin-path: {prot} is passed on as it is, did you mean {port}?',
  ]);
});
