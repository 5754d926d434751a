/** Certificates that are replaced while 300 tunnels move data and 50 clients a second connect: nobody notices. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { echo, serveBackend } from "../support/backends.ts";
import type { Certified } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { type Program, startProgram } from "../support/program.ts";
import { frame, Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { overTls, type TlsSetting, tlsSetting } from "../support/tls.ts";
import { askBySClient, NO_OPENSSL } from "./s_client.ts";

const TUNNELS = 300;
const PER_SECOND = 50;

/** As many are there at once at most: a machine that can't serve so many a second has fewer of them. */
const MOST_VISITS = 50;

/** How often each tunnel sends a message. */
const PAUSE_MS = 250;

const LONGEST_MESSAGE = 8 * 1024;

/** How many come and leave while each certificate is used. */
const VISITS = 50;

/** What becomes of clients while `over` is false. */
interface Load {
  over: boolean;
  connected: number;
  readonly failures: string[];
}

/** Sends messages of all lengths and reads their echo, to the end of the load; then closes. Gives how many bytes came back as they were sent. */
async function moveData(client: RawClient, load: Load): Promise<number> {
  const sent = createHash("sha256");
  const received = createHash("sha256");
  let total = 0;
  while (!load.over) {
    const bytes = randomBytes(1 + Math.floor(Math.random() * LONGEST_MESSAGE));
    sent.update(bytes);
    total += bytes.length;
    await client.send(Opcode.BINARY, new Uint8Array(bytes));
    received.update(await client.payload(bytes.length, Opcode.BINARY));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * (0.5 + Math.random())));
  }
  assert.equal((await client.close(1000)).code, 1000);
  await client.end();
  assert.equal(received.digest("hex"), sent.digest("hex"));
  return total;
}

/** A client that comes, is served and leaves. */
async function visit(address: string, load: Load): Promise<void> {
  try {
    using client = await openTunnel(address);
    await client.write(frame(Opcode.BINARY, "hello"));
    assert.equal(new TextDecoder().decode(await client.payload(5)), "hello");
    assert.equal((await client.close(1000)).code, 1000);
    await client.end();
    load.connected++;
  } catch (error) {
    load.failures.push(String(error));
  }
}

async function keepVisiting(address: string, load: Load): Promise<void> {
  const underWay = new Set<Promise<void>>();
  while (!load.over) {
    const one = visit(address, load).finally(() => underWay.delete(one));
    underWay.add(one);
    await new Promise((resolve) => setTimeout(resolve, 1000 / PER_SECOND));
    if (underWay.size >= MOST_VISITS) await Promise.race(underWay);
  }
  await Promise.all(underWay);
}

/** Folders of certificates as a cluster mounts them, of which `live` is a link to the one in use. */
async function createLive({ folder, authority }: TlsSetting, count: number) {
  const pairs: Certified[] = [];
  for (let nth = 0; nth < count; nth++) {
    const version = `${folder}/v${nth}`;
    await Deno.mkdir(version);
    const issued = await authority.issue(`leaf${nth}`);
    pairs.push({ cert: `${version}/tls.crt`, key: `${version}/tls.key` });
    await Deno.copyFile(issued.cert, pairs[nth]!.cert);
    await Deno.copyFile(issued.key, pairs[nth]!.key);
  }
  const live = `${folder}/live`;
  await Deno.symlink(`${folder}/v0`, live);
  return {
    pairs,
    cert: `${live}/tls.crt`,
    key: `${live}/tls.key`,
    /** Links to another folder, in one step. */
    async linkTo(nth: number): Promise<void> {
      await Deno.symlink(`${folder}/v${nth}`, `${live}.new`);
      await Deno.rename(`${live}.new`, live);
    },
  };
}

/** Waits until new connections are shown a certificate. */
async function untilShown(program: Program, { cert }: Certified): Promise<void> {
  const pem = (await Deno.readTextFile(cert)).trim();
  const { address } = program;
  const plain = address.replace(/^tls:/, "");
  await eventually("the certificate to be shown", async () => {
    const { output } = await askBySClient(plain, ["-servername", "localhost", "-showcerts"]);
    return output.includes(pem);
  });
}

Deno.test({
  name:
    "renewed certificates, by links, in place and broken ones among them, end, refuse and shorten nothing",
  ignore: NO_OPENSSL !== null,
  async fn(t) {
    await using setting = await tlsSetting();
    const live = await createLive(setting, 4);
    await using backend = serveBackend(echo);
    const server = ["--server", backend.address, "--frame-type", "binary"];
    const flags = ["--tls-cert", live.cert, "--tls-key", live.key];
    await using program = await startProgram([...server, ...flags, "--max-connections", "0"]);
    const address = overTls(program.address.replace(/^tls:/, ""));
    const load: Load = { over: false, connected: 0, failures: [] };
    const clients: RawClient[] = [];
    for (let nth = 0; nth < TUNNELS; nth++) clients.push(await openTunnel(address));
    const moving = clients.map((client) => moveData(client, load));
    const visiting = keepVisiting(address, load);
    const use = async () => {
      const enough = load.connected + VISITS;
      const isUsed = () => load.connected >= enough || load.failures.length > 0;
      await eventually("more clients", isUsed);
    };
    const failed = "the changed certificate can't be used, the one before it still is";

    await use();
    await live.linkTo(1);
    await untilShown(program, live.pairs[1]!);
    await use();
    // The certificate first; until the key has come as well they don't fit.
    await Deno.copyFile(live.pairs[2]!.cert, live.cert);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await Deno.copyFile(live.pairs[2]!.key, live.key);
    await untilShown(program, live.pairs[2]!);
    await use();
    await Deno.writeTextFile(live.cert, "-----BEGIN CERTIFICATE-----\nAAAA\n");
    await program.entry(failed);
    await untilShown(program, live.pairs[2]!);
    await use();
    await live.linkTo(3);
    await untilShown(program, live.pairs[3]!);
    await use();
    load.over = true;
    await visiting;
    const totals = await Promise.all(moving);

    assert.deepEqual(load.failures, []);
    await program.entry("certificate renewed", 3);
    assert.equal(program.entries("certificate renewed").length, 3);
    assert.equal(program.entries(failed).length, 1, "once");
    const all = TUNNELS + load.connected;
    await program.entry("tunnel closed", all);
    const closed = program.entries("tunnel closed");
    assert.deepEqual(
      closed.filter(({ code, cause }) => code !== 1000 || cause !== "client-close"),
      [],
    );
    assert.equal(closed.length, all);
    assert.deepEqual(program.entries("no TLS connection"), []);
    const mebibytes = totals.reduce((sum, bytes) => sum + bytes, 0) / 1024 / 1024;
    const figures = `${load.connected} came and left, ${
      mebibytes.toFixed(1)
    } MiB by ${TUNNELS} tunnels`;
    await t.step(figures, () => assert.ok(load.connected >= 5 * VISITS));
  },
});
