/** Who a client is and whether it may come in: what proxies say of it is believed where they are trusted, and ignored where they are not. */
import assert from "node:assert/strict";
import { echo, openBackend, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { type Program, runProgram } from "../support/program.ts";
import { type Fields, handshake, openRaw, openTunnel } from "../support/raw_client.ts";
import { type Engine, ENGINES } from "./engine_limits.ts";
import { readAll } from "./exec.ts";
import { BINARY_FRAMES, hostLines, startFor, startWithFile } from "./whole.ts";

const HEADERS = {
  "x-forwarded-for": "X-Forwarded-For",
  "forwarded": "Forwarded",
  "x-real-ip": "X-Real-IP",
} as const;

type Header = keyof typeof HEADERS;

/** What a proxy sends by each header, and whom it names; of chains, those behind are trusted. */
const NAMED: readonly (readonly [header: Header, value: string, client: string])[] = [
  ["x-forwarded-for", "192.0.2.1", "192.0.2.1"],
  ["x-forwarded-for", "198.51.100.9, 192.0.2.1:5678, 10.1.2.3", "192.0.2.1:5678"],
  ["x-forwarded-for", "2001:db8::1, 10.1.2.3", "2001:db8::1"],
  ["forwarded", "for=192.0.2.1", "192.0.2.1"],
  ["forwarded", 'for=198.51.100.9, for="[2001:DB8::1]:5678";proto=https', "[2001:db8::1]:5678"],
  ["forwarded", 'for="198.51.100.9, for=192.0.2.1, for=10.1.2.3', "192.0.2.1"],
  ["x-real-ip", "192.0.2.1", "192.0.2.1"],
];

/** What is no address, or nobody's: the client is the proxy itself then. */
const UNKNOWN: readonly (readonly [header: Header, value: string])[] = [
  ["x-forwarded-for", "unknown"],
  ["x-forwarded-for", "192.0.2.1, _hidden"],
  ["x-forwarded-for", "'; DROP TABLE"],
  ["forwarded", "for=unknown"],
  ["forwarded", "for=192.0.2.1, for=_hidden"],
  ["forwarded", 'for="'],
  ["x-real-ip", "localhost"],
  ["x-real-ip", ""],
];

/** Opens a tunnel with fields, and gives whose it is, by the log. */
async function opened(program: Program, nth: number, fields: Fields) {
  using _client = await openTunnel(program.address, "/", fields);
  const { client, via } = await program.entry("tunnel opened", nth);
  return { client: String(client), via: via as string | undefined };
}

function startTrusting(engine: Engine, backend: string, header: Header, ...proxies: string[]) {
  const top = `trusted-proxies = ${JSON.stringify(proxies)}\nforwarded-header = "${header}"`;
  return startFor(engine, backend, { top, wstunnel: BINARY_FRAMES });
}

const LOOPBACK = /^127\.0\.0\.1:\d+$/;

for (const engine of ENGINES) {
  for (const header of ["x-forwarded-for", "forwarded", "x-real-ip"] as const) {
    const field = HEADERS[header];

    Deno.test(`${engine}: ${field} of a trusted proxy names the client, whatever else is there`, async () => {
      await using backend = serveBackend(echo);
      await using program = await startTrusting(
        engine,
        backend.address,
        header,
        ...["127.0.0.1", "10.0.0.0/8"],
      );
      const others = Object.values(HEADERS).filter((other) => other !== field);
      const forged = Object.fromEntries(
        others.map((other) => [other, other === "Forwarded" ? "for=203.0.113.6" : "203.0.113.6"]),
      );
      let nth = 0;
      for (const [of, value, client] of NAMED) {
        if (of !== header) continue;
        const known = await opened(program, ++nth, { ...forged, [field]: value });
        assert.equal(known.client, client, value);
        assert.match(known.via!, LOOPBACK);
      }
      for (const [of, value] of UNKNOWN) {
        if (of !== header) continue;
        const known = await opened(program, ++nth, { ...forged, [field]: value });
        assert.match(known.client, LOOPBACK, value);
        assert.equal(known.via, undefined);
      }
      assert.match((await opened(program, ++nth, forged)).client, LOOPBACK);
      assert.ok(nth >= 4);
    });

    Deno.test(`${engine}: ${field} that anybody else forged is ignored`, async () => {
      await using backend = serveBackend(echo);
      await using program = await startTrusting(
        engine,
        backend.address,
        header,
        ...["127.0.0.2", "192.0.2.0/24", "::1", "unix"],
      );
      let nth = 0;
      for (const [of, value] of NAMED) {
        if (of !== header) continue;
        const known = await opened(program, ++nth, { [field]: value });
        assert.match(known.client, LOOPBACK, value);
        assert.equal(known.via, undefined);
      }
      assert.ok(nth > 0);
    });
  }

  Deno.test(`${engine}: of headers that come twice the end counts, and a thousand hops are none`, async () => {
    await using backend = serveBackend(echo);
    await using program = await startTrusting(
      engine,
      backend.address,
      "x-forwarded-for",
      ...["127.0.0.1", "10.0.0.0/8"],
    );
    const twice = handshake("/", { "X-Forwarded-For": "203.0.113.6" })
      .replace("\r\n\r\n", "\r\nx-forwarded-for: 192.0.2.1\r\nX-FORWARDED-FOR: 10.0.0.1\r\n\r\n");
    const often = handshake("/", {
      "X-Forwarded-For": "203.0.113.6, " + Array<string>(1_400).fill("10.0.0.2").join(", "),
    });
    for (const head of [twice, often]) {
      using client = await openRaw(program.address);
      await client.write(head);
      assert.equal((await client.head()).status, 101);
    }
    assert.equal((await program.entry("tunnel opened", 1)).client, "192.0.2.1");
    assert.equal((await program.entry("tunnel opened", 2)).client, "10.0.0.2");
  });

  Deno.test(`${engine}: a proxy by a socket's file is trusted where unix is`, async () => {
    const folder = await Deno.makeTempDir();
    await using backend = serveBackend(echo);
    try {
      for (const proxies of [["unix"], ["0.0.0.0/0", "::/0"]]) {
        await using program = await startFor(engine, backend.address, {
          top: `trusted-proxies = ${JSON.stringify(proxies)}`,
          wstunnel: BINARY_FRAMES,
          listen: [`unix:${folder}/s.sock`],
        });
        const known = await opened(program, 1, { "X-Forwarded-For": "192.0.2.1, unix:" });
        const expected = proxies.includes("unix")
          ? { client: "192.0.2.1", via: "unix" }
          : { client: "unix", via: undefined };
        assert.deepEqual(known, expected);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  Deno.test(`${engine}: allow-clients and deny-clients, of all and of a route, judge the client behind the proxy`, async () => {
    await using backend = serveBackend(echo);
    const host = hostLines(backend.address);
    await using program = await startWithFile(`
engine = "${engine}"
trusted-proxies = ["127.0.0.1"]
[wstunnel]
allow-clients = ["192.0.2.0/24", "2001:db8::/32"]
deny-clients = ["192.0.2.66", "2001:db8:bad::/48"]
[wstunnel.server."/all"]
${host}
[wstunnel.server."/own"]
allow-clients = ["198.51.100.0/24"]
${host}
[wstunnel.server."/open"]
allow-clients = []
deny-clients = []
${host}
`);
    const statusOf = async (path: string, client: string | null, plain = false) => {
      using raw = await openRaw(program.address);
      const upgrade = plain ? { Upgrade: null, Connection: null } : {};
      await raw.write(handshake(path, { ...upgrade, "X-Forwarded-For": client }));
      return (await raw.head()).status;
    };
    const statuses = [
      ["/all", "192.0.2.1", 101],
      ["/all", "2001:db8::1", 101],
      ["/all", "::ffff:192.0.2.1", 101],
      ["/all", "192.0.2.66", 403],
      ["/all", "2001:db8:bad::1", 403],
      ["/all", "198.51.100.1", 403],
      ["/all", null, 403],
      ["/all", "192.0.2.66, 192.0.2.1", 101],
      ["/all", "192.0.2.1, 192.0.2.66", 403],
      ["/own", "198.51.100.1", 101],
      ["/own", "192.0.2.1", 403],
      ["/own", "192.0.2.66", 403],
      ["/open", "192.0.2.66", 101],
      ["/open", null, 101],
      ["/none", "192.0.2.66", 404],
    ] as const;
    for (const [path, client, status] of statuses) {
      assert.equal(await statusOf(path, client), status, `${path} ${client}`);
    }
    assert.equal(await statusOf("/all", "192.0.2.66", true), 403);
    assert.equal(await statusOf("/healthz", "192.0.2.66", true), 200);
    const refused = await program.entry("request refused");
    assert.deepEqual(
      [refused.client, refused.path, refused.status, refused.reason],
      ["192.0.2.66", "/all", 403, "clients of this address are not admitted"],
    );
    assert.match(String(refused.via), LOOPBACK);
    const admitted = statuses.filter(([, , status]) => status === 101).length;
    await eventually(`${admitted} connections`, () => backend.count >= admitted);
    assert.equal(backend.count, admitted);
  });

  Deno.test(`${engine}: who comes to a socket of both families by IPv4 is judged by IPv4`, async () => {
    await using backend = serveBackend(echo);
    for (const [key, status] of [["deny", 403], ["allow", 101]] as const) {
      await using program = await startFor(engine, backend.address, {
        wstunnel: `${BINARY_FRAMES}\n${key}-clients = ["127.0.0.0/8"]`,
        listen: ["[::]:0"],
      });
      const { port } = new URL(`tcp://${program.address}`);
      using client = await openRaw(`127.0.0.1:${port}`);
      await client.write(handshake());
      assert.equal((await client.head()).status, status);
      using other = await openRaw(`[::1]:${port}`);
      await other.write(handshake());
      assert.equal((await other.head()).status, 504 - status);
    }
  });

  Deno.test(`${engine}: sticky goes by the client, not by its proxy`, async () => {
    await using first = openBackend();
    await using second = openBackend();
    await using program = await startFor(engine, [first.address, second.address], {
      top: 'trusted-proxies = ["127.0.0.1"]',
      wstunnel: `${BINARY_FRAMES}\nbalance = "sticky"`,
    });
    const chosen = new Set<string>();
    let nth = 0;
    for (let client = 1; client <= 16; client++) {
      const backends = new Set<string>();
      for (let time = 0; time < 2; time++) {
        using _tunnel = await openTunnel(program.address, "/", {
          "X-Forwarded-For": `192.0.2.${client}`,
        });
        const { backend } = await program.entry("tunnel opened", ++nth);
        backends.add(String(backend));
        chosen.add(String(backend));
      }
      assert.equal(backends.size, 1);
    }
    assert.equal(chosen.size, 2);
  });

  Deno.test(`${engine}: a program has its client's address, and each client its share of the programs`, async () => {
    await using program = await startWithFile(`
engine = "${engine}"
trusted-proxies = ["127.0.0.1"]
[wstunnel]
${BINARY_FRAMES}
[[wstunnel.server."/told"]]
exec = ["/bin/sh", "-c", 'printf %s "$REMOTE_ADDR|$REMOTE_PORT|$WSTUNNEL_CLIENT_ADDRESS"']
[[wstunnel.server."/share"]]
exec = ["/bin/cat"]
max-procs = 8
max-procs-per-client = 1
`);
    for (
      const [client, told] of [
        ["192.0.2.1:77", "192.0.2.1|77|192.0.2.1"],
        ["2001:db8::1", "2001:db8::1||2001:db8::1"],
      ] as const
    ) {
      using tunnel = await openTunnel(program.address, "/told", { "X-Forwarded-For": client });
      assert.equal(await readAll(tunnel), told);
    }
    const open = (client: string) =>
      openTunnel(program.address, "/share", { "X-Forwarded-For": client });
    using _first = await open("192.0.2.1");
    using _other = await open("192.0.2.2");
    await assert.rejects(open("192.0.2.1"), /503 this address has as many tunnels as it may/);
    using _network = await open("2001:db8::1");
    await assert.rejects(open("2001:db8::2"), /503/);
  });
}

Deno.test("check names what is wrong with networks, with its line", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/x.toml`;
    await Deno.writeTextFile(
      path,
      'trusted-proxies = [\n"10.0.0.1/8"]\n[wstunnel]\nallow-clients = ["office"]\n' +
        '[wstunnel.server."/"]\nport = 1\n',
    );
    const { code, stderr } = await runProgram(["check", "--config", path]);
    assert.equal(code, 2);
    assert.ok(
      stderr.includes(
        ":2: trusted-proxies[0]: has bits set behind the /8: the network is 10.0.0.0/8",
      ),
      stderr,
    );
    assert.ok(stderr.includes(":4: wstunnel.allow-clients[0]: must be a network such as"), stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
