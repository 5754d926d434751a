/** Where the program listens for what it was asked. */
import assert from "node:assert/strict";
import { testUnless } from "../ship/executable.ts";
import { echo, freePort, serveBackend } from "../support/backends.ts";
import { DEADLINE_MS } from "../support/eventually.ts";
import { type Program, startProgram, startWords } from "../support/program.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import { type Engine, ENGINES } from "./engine_limits.ts";

type Words = readonly [string, ...string[]];

/** Why a test of both families can't be made here; null: it can. */
const NO_IPV6 = ((): string | null => {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return null;
  } catch {
    return "this machine has no IPv6";
  }
})();

/** Runs the program in namespaces of its own, after some lines of shell. */
function inNamespaces(script: string): Words {
  return [
    "unshare",
    "--net",
    "--mount",
    "sh",
    "-ec",
    `${script}\nexec "$@"`,
    "sh",
    ...startWords(),
  ];
}

const LOOPBACK = "ip link set lo up";

const PROBE = `${LOOPBACK}; test -w /proc/sys/net/ipv6/bindv6only`;

const NO_NAMESPACES = ((): string | null => {
  try {
    const [program, ...args] = ["unshare", "--net", "--mount", "sh", "-ec", PROBE];
    const { success } = new Deno.Command(program!, { args, stderr: "null" }).outputSync();
    return success ? null : "networks of their own need root, ip, and sysctls that can be set";
  } catch {
    return "there is no unshare";
  }
})();

function testEnginesUnless(
  why: string | null,
  name: string,
  body: (engine: Engine) => Promise<void>,
): void {
  for (const engine of ENGINES) testUnless(why, `${engine}: ${name}`, () => body(engine));
}

function listenArgs(engine: string, backend: string): string[] {
  return ["--engine", engine, "--frame-type", "binary", "--server", backend];
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

async function assertEchoes(...addresses: string[]): Promise<void> {
  for (const address of addresses) {
    using client = await openTunnel(address);
    await client.send(Opcode.BINARY, address);
    assert.equal(new TextDecoder().decode(await client.message(Opcode.BINARY)), address);
    await client.close(1000);
  }
}

async function assertRefused(address: string): Promise<void> {
  await assert.rejects(openTunnel(address), Deno.errors.ConnectionRefused, address);
}

testEnginesUnless(
  NO_IPV6,
  "`localhost` is both loopback addresses, with one port, and no other",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using program = await startProgram(listenArgs(engine, backend.address), {
      listen: ["localhost:0"],
      listeners: 2,
    });
    const port = portOf(program.address);
    assert.deepEqual(program.addresses, [`127.0.0.1:${port}`, `[::1]:${port}`]);
    await assertEchoes(...program.addresses);
    await assertRefused(`127.0.0.2:${port}`);
  },
);

/** What is asked for together, `P` being a free port, and the listeners that come of it. */
const TOGETHER: readonly [listen: readonly string[], listeners: readonly string[]][] = [
  [["0.0.0.0:P", "[::]:P"], ["[::]:P"]],
  [["[::]:P", "0.0.0.0:P"], ["[::]:P"]],
  [[":P", "127.0.0.1:P", "[::1]:P", "localhost:P"], ["[::]:P"]],
  [["127.0.0.1:P", "localhost:P"], ["127.0.0.1:P", "[::1]:P"]],
  [["localhost:P", "0.0.0.0:P"], ["[::1]:P", "0.0.0.0:P"]],
  [["[::1]:P", "[0:0:0:0:0:0:0:1]:P", "127.0.0.1:P"], ["[::1]:P", "127.0.0.1:P"]],
];

testEnginesUnless(
  NO_IPV6,
  "addresses that cover each other are listened at together",
  async (engine) => {
    await using backend = serveBackend(echo);
    for (const [listen, listeners] of TOGETHER) {
      const port = freePort();
      const withPort = (address: string) => address.replace("P", String(port));
      await using program = await startProgram(listenArgs(engine, backend.address), {
        listen: listen.map(withPort),
        listeners: listeners.length,
      });
      assert.deepEqual(program.addresses, listeners.map(withPort), listen.join(" "));
      await assertEchoes(`127.0.0.1:${port}`, `[::1]:${port}`);
    }
  },
);

testEnginesUnless(
  NO_NAMESPACES ?? NO_IPV6,
  "`:port` is both families where a socket of IPv6 takes IPv6 alone",
  async (engine) => {
    const script = `${LOOPBACK}; echo 1 >/proc/sys/net/ipv6/bindv6only`;
    for (const listen of [[":0"], ["[::]:4711", "0.0.0.0:4711"]]) {
      await using program = await startInside(engine, script, listen, 2);
      const port = portOf(program.address);
      assert.deepEqual(program.addresses, [`[::]:${port}`, `0.0.0.0:${port}`]);
      await assertAnswers(program, `127.0.0.1:${port}`, `[::1]:${port}`);
    }
  },
);

testEnginesUnless(
  NO_NAMESPACES,
  "`:port` and `localhost` are IPv4's where the machine has no IPv6",
  async (engine) => {
    const script = `echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; ${LOOPBACK}`;
    for (const [listen, listener] of [["localhost:0", "127.0.0.1"], [":0", ""]]) {
      await using program = await startInside(engine, script, [listen!], 1);
      if (listener !== "") assert.match(program.address, new RegExp(`^${listener}:\\d+$`));
      assert.equal(program.addresses.length, 1);
      await assertAnswers(program, `127.0.0.1:${portOf(program.address)}`);
    }
  },
);

testEnginesUnless(
  NO_NAMESPACES,
  "a name is every address that it has at the start and that the machine has",
  async (engine) => {
    const hosts = "127.0.0.2 many.test\\n127.0.0.3 many.test\\n192.0.2.1 many.test\\n";
    const script = `${LOOPBACK}; file=$(mktemp); printf '${hosts}' >"$file"; ` +
      'mount --bind "$file" /etc/hosts; rm "$file"';
    await using program = await startInside(engine, script, ["many.test:0"], 2);
    const port = portOf(program.address);
    assert.deepEqual(program.addresses.toSorted(), [`127.0.0.2:${port}`, `127.0.0.3:${port}`]);
    await assertAnswers(program, ...program.addresses);
  },
);

testEnginesUnless(
  NO_NAMESPACES ?? NO_IPV6,
  "`:port` is refused where another program has IPv4's and a socket of IPv6 takes IPv6 alone",
  async (engine) => {
    const script = `${LOOPBACK}; echo 1 >/proc/sys/net/ipv6/bindv6only`;
    await using first = await startInside(engine, script, ["0.0.0.0:4711"], 1);
    const [program, ...words] = startWords();
    const flags = ["--engine", engine, "--server", "127.0.0.1:9", "--listen", ":4711"];
    const second = await new Deno.Command("nsenter", {
      args: ["--net", `--target=${first.pid}`, program, ...words, ...flags],
      cwd: new URL("../../", import.meta.url),
      signal: AbortSignal.timeout(DEADLINE_MS),
    }).output();
    assert.equal(second.code, 1);
    assert.match(
      new TextDecoder().decode(second.stderr),
      /cannot listen on \[::\]:4711: another program listens there\n$/,
    );
  },
);

function startInside(
  engine: string,
  script: string,
  listen: readonly string[],
  listeners: number,
): Promise<Program> {
  const options = { listen, listeners, words: inNamespaces(script) };
  return startProgram(["--engine", engine, "--server", "127.0.0.1:9"], options);
}

/** Asks from inside the program's network whether it answers. */
async function assertAnswers(program: Program, ...addresses: string[]): Promise<void> {
  for (const address of addresses) {
    const { code, stdout, stderr } = await new Deno.Command("nsenter", {
      args: [
        ...["--net", `--target=${program.pid}`, ...startWords()],
        ...["check", "--url", `http://${address}/`],
      ],
      cwd: new URL("../../", import.meta.url),
    }).output();
    const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.deepEqual([code, error], [0, ""], `${address}: ${out}`);
  }
}
