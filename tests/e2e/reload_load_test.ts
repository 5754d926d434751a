/** Reloads while 300 tunnels move data and 50 clients a second connect: nobody notices but those whom a change is meant for. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { type Backend, echo, freePort, serveBackend } from "../support/backends.ts";
import { concat } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import { descriptorCount } from "../support/processes.ts";
import { ONE_WORKER, workerRests } from "../support/workers.ts";
import { type LogEntry, type Program, startProgram } from "../support/program.ts";
import { type Fields, frame, Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { makeSecret } from "../support/secrets.ts";
import { can, testEngines } from "./engine_limits.ts";
import { hostLines } from "./whole.ts";

const PER_SECOND = 50;

/** As many are there at once at most: a machine that can't serve so many a second has fewer of them. */
const MOST_VISITS = 50;

/** How often each tunnel sends a message, and the longest of them. */
const PAUSE_MS = 250;
const LONGEST_MESSAGE = 8 * 1024;

/** What each reload is lived with before the next. */
const VISITS_BETWEEN = 15;

/** What the runtime may keep of a burst: 20 were seen. */
const MOST_MORE_BYTES = 100 * 1024 * 1024;

const GONE = { code: 1001, reason: "what this tunnel came by is served no more" };
const OVER = { code: 1001, reason: "the server shuts down" };

/** Who asks for what. */
interface Guest {
  readonly path: string;
  readonly fields?: Fields;
}

/** What becomes of clients while `over` is false. */
interface Load {
  over: boolean;
  visits: number;
  readonly failures: string[];
}

/** A tunnel that sends messages of all lengths, and reads their echo, to the end of the load. */
async function moveData(opened: RawClient, load: Load): Promise<void> {
  using client = opened;
  const [sent, received] = [createHash("sha256"), createHash("sha256")];
  while (!load.over) {
    const bytes = new Uint8Array(randomBytes(1 + Math.floor(Math.random() * LONGEST_MESSAGE)));
    sent.update(bytes);
    await client.send(Opcode.BINARY, bytes);
    received.update(await client.payload(bytes.length, Opcode.BINARY));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * (0.5 + Math.random())));
  }
  assert.equal((await client.close(1000)).code, 1000);
  await client.end();
  assert.equal(received.digest("hex"), sent.digest("hex"));
}

/** A tunnel that sends messages until it is ended; gives how, null without a Close, once it is known that what came was what was sent until then. */
async function moveUntilEnded(
  opened: RawClient,
): Promise<{ readonly code: number; readonly reason: string } | null> {
  using client = opened;
  const sent: Uint8Array[] = [];
  const received: Uint8Array[] = [];
  let ended = false;
  const send = async () => {
    while (!ended) {
      const bytes = new Uint8Array(randomBytes(1 + Math.floor(Math.random() * LONGEST_MESSAGE)));
      sent.push(bytes);
      // The last one meets its end.
      await client.send(Opcode.BINARY, bytes).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * (0.5 + Math.random())));
    }
  };
  const sending = send();
  const nextFrame = () => client.frame().catch(() => null);
  let next = await nextFrame();
  for (; next !== null && next.opcode !== Opcode.CLOSE; next = await nextFrame()) {
    if (next.opcode === Opcode.BINARY) received.push(next.payload);
  }
  ended = true;
  if (next !== null) await client.send(Opcode.CLOSE, next.payload).catch(() => {});
  await sending;
  const came = concat(received);
  assert.ok(came.length > 0);
  assert.deepEqual(came, concat(sent).subarray(0, came.length));
  if (next === null) return null;
  const code = new DataView(next.payload.buffer).getUint16(0);
  return { code, reason: new TextDecoder().decode(next.payload.subarray(2)) };
}

/** A client that comes, is served and leaves. */
async function visit(address: string, { path, fields }: Guest): Promise<void> {
  using client = await openTunnel(address, path, fields);
  await client.write(frame(Opcode.BINARY, "hello"));
  assert.equal(new TextDecoder().decode(await client.payload(5)), "hello");
  assert.equal((await client.close(1000)).code, 1000);
  await client.end();
}

async function keepVisiting(address: string, guests: readonly Guest[], load: Load): Promise<void> {
  const underWay = new Set<Promise<unknown>>();
  const come = (guest: Guest) =>
    visit(address, guest).then(
      () => void load.visits++,
      (error) => void load.failures.push(`${guest.path}: ${error}`),
    );
  for (let nth = 0; !load.over; nth++) {
    const visit = come(guests[nth % guests.length]!).finally(() => underWay.delete(visit));
    underWay.add(visit);
    await new Promise((resolve) => setTimeout(resolve, 1000 / PER_SECOND));
    if (underWay.size >= MOST_VISITS) await Promise.race(underWay);
  }
  await Promise.all(underWay);
}

/** What the configuration of a moment says. */
interface Setting {
  readonly listen: readonly string[];
  readonly grace: number | string;
  readonly more: string;
  readonly fixed: readonly Backend[];
  readonly origins: readonly string[];
  /** Further routes. */
  readonly routes: readonly string[];
}

interface Sites {
  readonly folder: string;
  readonly backend: Backend;
}

function textOf(
  engine: string,
  { listen, grace, more, fixed, origins, routes }: Setting,
  { folder, backend }: Sites,
): string {
  const host = hostLines(backend.address);
  return `
engine = "${engine}"
${ONE_WORKER}
listen = ${JSON.stringify(listen)}
drain-time = 2
grace-time = ${JSON.stringify(grace)}
[wstunnel]
frame-type = "binary"
${more}
[wstunnel.server."/auth"]
auth = { token = "${folder}/tokens" }
${host}
[wstunnel.server."/origin"]
origins = ${JSON.stringify(origins)}
${host}
${fixed.map(({ address }) => `[[wstunnel.server."/fixed"]]\n${hostLines(address)}`).join("\n")}
${routes.map((path) => `[wstunnel.server."${path}"]\n${host}`).join("\n")}
`;
}

function tokenLine(name: string, token: string): string {
  return `${name} sha256:${createHash("sha256").update(token).digest("hex")}\n`;
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

const isChange = ({ message }: LogEntry) => /^[+~-] |^nothing has changed$/.test(message);

const HOLDS = "the configuration holds from now on";
const WRONG = "the reload is refused, the configuration before it still holds";

function entriesOf({ log }: Program): LogEntry[] {
  return log.all.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

testEngines(
  "ten reloads under 300 tunnels and 50 connections a second end and refuse nobody but those they are meant for",
  async (engine) => {
    await using backend = serveBackend(echo);
    await using one = serveBackend(echo);
    await using two = serveBackend(echo);
    const folder = await Deno.makeTempDir();
    const file = `${folder}/wstunnel.toml`;
    const second = `127.0.0.1:${freePort()}`;
    const [stays, goes, comes] = ["stays", "goes", "comes"].map(makeSecret);
    const writeTokens = (...tokens: (string | undefined)[]) =>
      Deno.writeTextFile(
        `${folder}/tokens`,
        tokens.map((token, at) => tokenLine(`n${at}`, token!)).join(""),
      );
    let setting: Setting = {
      listen: ["127.0.0.1:0"],
      grace: 8,
      more: "",
      fixed: [one],
      origins: ["good.example", "former.example"],
      routes: ["/going"],
    };
    const write = () => Deno.writeTextFile(file, textOf(engine, setting, { folder, backend }));
    await writeTokens(stays, goes);
    await write();
    try {
      await using program = await startProgram(["--config", file], { listen: [], listeners: 1 });
      await workerRests(program);
      const { address } = program;
      const good = { Origin: "https://good.example" };
      const former = { Origin: "https://former.example" };
      const guests: Guest[] = [
        { path: "/fixed" },
        { path: "/auth", fields: bearer(stays!) },
        { path: "/origin", fields: good },
      ];
      for (const guest of guests) await visit(address, guest);
      await eventually("the visitors' end", () => program.entries("tunnel closed").length === 3);
      const descriptors = descriptorCount(program.pid);
      const resident = program.residentBytes();

      const load: Load = { over: false, visits: 0, failures: [] };
      const moving: Promise<void>[] = [];
      const connect = (count: number, { path, fields }: Guest, at = address) =>
        Promise.all(Array.from({ length: count }, () => openTunnel(at, path, fields)));
      const open = async (count: number, guest: Guest, at = address) =>
        (await connect(count, guest, at)).map((client) => moveData(client, load));
      moving.push(...await open(90, guests[0]!));
      moving.push(...await open(50, guests[1]!));
      moving.push(...await open(30, { path: "/auth", fields: bearer(goes!) }));
      moving.push(...await open(40, guests[2]!));
      moving.push(...await open(30, { path: "/origin", fields: former }));
      const going = (await connect(50, { path: "/going" })).map(moveUntilEnded);
      moving.forEach((one) => one.catch((error) => load.failures.push(String(error))));
      going.forEach((one) => one.catch((error) => load.failures.push(String(error))));
      const visiting = keepVisiting(address, guests, load);

      let reloads = 0;
      /** Reloads, and goes on until some more clients have come; gives the changes that were told. */
      const reload = async (change: Partial<Setting>, message = HOLDS): Promise<string[]> => {
        setting = { ...setting, ...change };
        await write();
        const from = program.log.all.length;
        const before = program.entries(message).length;
        program.signal("SIGHUP");
        await program.entry(message, before + 1);
        reloads++;
        const until = load.visits + VISITS_BETWEEN;
        await eventually("more clients", () => load.visits >= until || load.failures.length > 0);
        assert.deepEqual(load.failures, []);
        return program.log.all.slice(from).map((line) => JSON.parse(line) as LogEntry)
          .filter(isChange).map(({ message }) => message);
      };
      const assertRefused = (status: number, { path, fields }: Guest) =>
        assert.rejects(openTunnel(address, path, fields), new RegExp(`refused: ${status}`));

      assert.deepEqual(await reload({ fixed: [one, two], routes: ["/going", "/new"] }), [
        `~ route /fixed: + host ${two.address}`,
        "+ route /new (1 host)",
      ]);
      await visit(address, { path: "/new" });
      assert.ok(two.count > 0, "the new one is asked");

      assert.deepEqual(await reload({ fixed: [two] }), [
        `~ route /fixed: - host ${one.address}`,
      ]);
      const taken = one.count;

      assert.deepEqual(await reload({ listen: ["127.0.0.1:0", second] }), [`+ listen ${second}`]);
      const beside = await open(10, { path: "/fixed" }, second);
      moving.push(...beside);
      beside.forEach((one) => one.catch((error) => load.failures.push(String(error))));

      await writeTokens(stays, comes);
      assert.deepEqual(await reload({}), ["nothing has changed"]);
      await assertRefused(401, { path: "/auth", fields: bearer(goes!) });
      await visit(address, { path: "/auth", fields: bearer(comes!) });

      const { grace } = setting;
      assert.deepEqual(await reload({ grace: "soon", fixed: [one], routes: [] }, WRONG), []);
      await visit(address, { path: "/new" });
      setting = { ...setting, grace, fixed: [two], routes: ["/going", "/new"] };

      assert.deepEqual(await reload({ origins: ["good.example", "new.example"] }), [
        "~ route /origin: ~ origins",
      ]);
      await assertRefused(403, { path: "/origin", fields: former });

      assert.deepEqual(await reload({ routes: ["/new"] }), ["- route /going"]);
      // Who sends just then may not see its Close where the runtime drops it.
      const seesClose = can(engine, "close while its client sends");
      const assertEnds = async (all: typeof going, how: typeof GONE) => {
        const ends = await Promise.all(all);
        assert.deepEqual(ends.map((end) => end ?? (seesClose ? null : how)), all.map(() => how));
        assert.ok(ends.some((end) => end !== null));
      };
      await assertEnds(going, GONE);
      await assertRefused(404, { path: "/going" });

      assert.deepEqual(await reload({ listen: ["127.0.0.1:0"] }), [`- listen ${second}`]);
      await assert.rejects(openTunnel(second, "/fixed"), Deno.errors.ConnectionRefused);

      assert.deepEqual(
        await reload({ grace: 5, more: 'ping-interval = 30\nbalance = "round-robin"' }),
        ["~ grace-time 8 -> 5", "~ balance fair -> round-robin", "~ ping-interval 0 -> 30"],
      );
      assert.deepEqual(await reload({ routes: [] }), ["- route /new"]);
      assert.equal(reloads, 10);
      assert.equal(one.count, taken, "the one that went is asked no more");

      // As many as come at once are one behind the one that runs.
      const before = program.entries("reading the configuration again").length;
      for (let count = 0; count < 20; count++) program.signal("SIGHUP");
      await eventually(
        "their end",
        () =>
          program.entries(HOLDS).length + 1 ===
            program.entries("reading the configuration again").length &&
          program.entries(HOLDS).length > 9,
      );
      assert.ok(program.entries("reading the configuration again").length <= before + 20);

      load.over = true;
      await Promise.all([visiting, ...moving]);
      assert.deepEqual(load.failures, []);
      const entries = () => entriesOf(program);
      const closed = () => entries().filter(({ message }) => message === "tunnel closed");
      const opened = backend.count + one.count + two.count;
      await eventually("every tunnel's end", () => closed().length === opened);
      const removals = closed().filter(({ cause }) => cause === "route-removed");
      assert.equal(removals.length, 50);
      assert.deepEqual(new Set(removals.map(({ path }) => path)), new Set(["/going"]));
      const others = closed().filter(({ cause }) => cause !== "route-removed");
      assert.deepEqual([...new Set(others.map(({ cause }) => cause))], ["client-close"]);
      assert.deepEqual(
        program.entries("request refused").map(({ path, status }) => [path, status]),
        [["/auth", 401], ["/origin", 403], ["/going", 404]],
      );
      assert.deepEqual(program.entries("a defect in wstunnel, please report it"), []);
      await eventually(
        "the descriptors to be given back",
        () => descriptorCount(program.pid) <= descriptors,
      );
      const more = program.residentBytes() - resident;
      assert.ok(more < MOST_MORE_BYTES, `${more} bytes more than before`);
      // At the end they have the time to drain, and what they sent until then.
      const last = (await connect(100, guests[0]!)).map(moveUntilEnded);
      program.signal("SIGTERM");
      await assertEnds(last, OVER);
      assert.equal(await program.exit(), 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
