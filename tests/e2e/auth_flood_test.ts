/** Wrong passwords, as fast as they are answered, and the others meanwhile. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { basic, openFolder, passwordLine } from "../support/auth_files.ts";
import { type Fields, handshake, Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { makeSecret } from "../support/secrets.ts";
import { hostLines, startWithFile } from "./whole.ts";

/** As `htpasswd -B -C 10` makes them: some 100 ms each. */
const COST = 10;

const ROUND_TRIPS = 100;

/** Who each sends one wrong password after the other: more of them than a processor can check. */
const FLOODERS = 24;

/** Who is refused without a check comes again after a while: what connections cost is another test's. */
const PAUSE_MS = 100;

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function statusOf(address: string, fields: Fields): Promise<number> {
  using client = await openRaw(address);
  await client.write(handshake("/", fields));
  const { status } = await client.head();
  return status;
}

Deno.test("a flood of wrong passwords holds up neither a quiet tunnel nor who has come in before, and other clients a little", async (t) => {
  const [password, other, guess] = ["a password", "another password", "a guess"].map(
    makeSecret,
  ) as [
    string,
    string,
    string,
  ];
  await using folder = await openFolder();
  await using backend = serveBackend(echo);
  const users = await folder.write(
    "users",
    passwordLine("ann", password, COST) + passwordLine("bob", other, COST),
  );
  await using program = await startWithFile(`
trusted-proxies = ["127.0.0.0/8"]
[wstunnel]
frame-type = "binary"
auth = { basic = "${users}" }
[wstunnel.server."/"]
${hostLines(backend.address)}
`);
  const { address } = program;
  const from = (client: string, name: string, secret: string) => ({
    "X-Forwarded-For": client,
    Authorization: basic(name, secret),
  });
  const right = from("192.0.2.1", "ann", password);
  using quiet = await openTunnel(address, "/", right);

  const alone: number[] = [];
  for (let at = 0; at < 3; at++) {
    const start = performance.now();
    assert.equal(await statusOf(address, from("192.0.2.67", "ann", guess)), 401);
    alone.push(performance.now() - start);
  }
  // Held up by checks, a round trip would take one at least. The machine is shared, so half of them.
  const mostMs = Math.min(...alone) / 2;

  const statuses = new Map<number, number>();
  let over = false;
  const flood = Array.from({ length: FLOODERS }, async (_, at) => {
    // One client's half, of a name that there is, and others' half, of one that there is not.
    const fields = at % 2 === 0
      ? from("192.0.2.66", "ann", guess)
      : from(`198.51.100.${at}`, "nobody", guess);
    while (!over) {
      const status = await statusOf(address, fields);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status !== 401) await pause(PAUSE_MS);
    }
  });
  const times: number[] = [];
  for (let at = 0; at < ROUND_TRIPS; at++) {
    const start = performance.now();
    await quiet.send(Opcode.BINARY, "?");
    await quiet.message(Opcode.BINARY);
    times.push(performance.now() - start);
    await pause(20);
  }
  const again = performance.now();
  assert.equal(await statusOf(address, right), 101);
  const againMs = performance.now() - again;
  const first = performance.now();
  assert.equal(await statusOf(address, from("203.0.113.9", "bob", other)), 101);
  const firstMs = performance.now() - first;
  over = true;
  await Promise.all(flood);
  times.sort((a, b) => a - b);
  const [median, slow, worst] = [0.5, 0.95, 1].map((part) =>
    times[Math.ceil(part * ROUND_TRIPS) - 1]!.toFixed(1)
  );
  const told = [...statuses].sort().map(([status, count]) => `${count} x ${status}`).join(", ");
  const entering = `coming in again ${againMs.toFixed(1)} ms, for the first time ${
    firstMs.toFixed(0)
  }`;
  await t.step(
    `a round trip took ${median} ms, 95 of 100 at most ${slow}, all ${worst}; ${entering}; the flood got ${told}`,
    () => {
      assert.ok(Number(median) < mostMs, `${mostMs} ms at most`);
      assert.deepEqual([...statuses.keys()].sort(), [401, 429]);
    },
  );
});
