/** Clients that reset their connection while nothing can be read of them: their backend takes nothing, or isn't there yet. */
import assert from "node:assert/strict";
import { listenSilently, openBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { connectionCount } from "../support/processes.ts";
import type { Program } from "../support/program.ts";
import { type Fields, frame, Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { openResettable, type ResettableClient } from "../support/reset.ts";
import { standStill } from "../support/transfer.ts";
import { DRIVERS, type Engine, testersFor } from "./engine_limits.ts";
import { startFor, startWithFile } from "./whole.ts";

/** Up to 6 s until it is found, the 5 s that the README gives its last bytes, and what a busy machine takes. */
const GONE_DEADLINE_MS = 20_000;

/** The runtime tells the native engine of no such client. */
const { testEngines } = testersFor(DRIVERS.filter((engine) => engine !== "native"));

interface Case {
  readonly listener: "TCP" | "unix";
  readonly fields: Fields;
  readonly opcode: typeof Opcode.BINARY | typeof Opcode.TEXT;
  /** By an end of stream, which waits behind what it has yet to send. @default by a reset */
  readonly leaves?: true;
}

const BINARY = { fields: { "Sec-WebSocket-Protocol": "binary" }, opcode: Opcode.BINARY };

const CASES: readonly Case[] = [
  { listener: "TCP", ...BINARY },
  { listener: "unix", ...BINARY },
  { listener: "TCP", ...BINARY, leaves: true },
  { listener: "TCP", fields: {}, opcode: Opcode.TEXT },
  {
    listener: "TCP",
    fields: { "Sec-WebSocket-Protocol": "base64" },
    opcode: Opcode.TEXT,
    leaves: true,
  },
];

/** Letters are right as bytes, as text and as base64. */
const PAYLOAD = new Uint8Array(64 * 1024).fill("A".charCodeAt(0));

/** A program whose bytes the runtime moves connects to itself once when it is busy, see `lib/base/breather.ts`. */
function loopbackDescriptors(engine: Engine): number {
  return engine === "loop" ? 0 : 2;
}

/** Waits until a program has as few descriptors again. */
async function descriptorsBack(engine: Engine, program: Program, before: number): Promise<void> {
  const count = before + loopbackDescriptors(engine);
  await eventually(
    `no more than ${count} connections`,
    () => connectionCount(program.pid) <= count,
    GONE_DEADLINE_MS,
  );
}

/** Sends until nothing more is taken. */
async function stall(
  clients: readonly ResettableClient[],
  opcode: (index: number) => Case["opcode"],
): Promise<void> {
  await standStill(clients.map((client, index) => client.flood(opcode(index), PAYLOAD)), 2_000);
}

testEngines(
  "clients that are reset or leave behind a stalled backend are gone within seconds",
  async (engine) => {
    await using backend = openBackend();
    const folder = await Deno.makeTempDir();
    try {
      const listen = ["127.0.0.1:0", `unix:${folder}/wstunnel.sock`];
      await using program = await startFor(engine, backend.address, { listen });
      const before = connectionCount(program.pid);
      const [tcp, unix] = program.addresses as [string, string];
      const clients = CASES.map(({ listener, fields }) =>
        openResettable(listener === "TCP" ? tcp : unix, "/", fields)
      );
      await stall(clients, (index) => CASES[index]!.opcode);
      assert.deepEqual(program.entries("tunnel closed"), [], "they live while they are there");
      for (const [index, { leaves }] of CASES.entries()) {
        if (leaves) clients[index]![Symbol.dispose]();
        else clients[index]!.reset();
      }
      await eventually(
        "all of them to be gone",
        () => program.entries("tunnel closed").length === CASES.length,
        GONE_DEADLINE_MS,
      );
      for (const { cause, code } of program.entries("tunnel closed")) {
        assert.deepEqual([cause, code], ["backend-stalled", 1006]);
      }
      await descriptorsBack(engine, program, before);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** A tunnel, once there is a slot for one. */
async function openOnceFree(address: string): Promise<RawClient> {
  return await eventually(
    "a slot",
    () => openTunnel(address).catch(() => null),
    GONE_DEADLINE_MS,
  ) as RawClient;
}

testEngines(
  "clients that are reset give the slots of a program back that reads nothing",
  async (engine) => {
    await using program = await startWithFile(`
engine = "${engine}"
[wstunnel]
frame-type = "binary"
[[wstunnel.server."/"]]
exec = ["/bin/sleep", "1000"]
max-procs = 4
`);
    const clients = Array.from({ length: 4 }, () => openResettable(program.address));
    await stall(clients, () => Opcode.BINARY);
    await assert.rejects(openTunnel(program.address), /503/);
    for (const client of clients) client.reset();
    using client = await openOnceFree(program.address);
    await client.send(Opcode.BINARY, "it is alive");
    await eventually(
      "the four to be gone",
      () => program.entries("tunnel closed").length >= 4,
      GONE_DEADLINE_MS,
    );
  },
);

/** How clients leave while their backend is being connected, which nobody answers. */
const LEAVERS: readonly {
  readonly what: string;
  readonly early: Uint8Array;
  readonly leave: (client: ResettableClient) => void;
}[] = [
  { what: "nothing, then a FIN", early: new Uint8Array(0), leave: (one) => one[Symbol.dispose]() },
  { what: "a byte, then a FIN", early: Uint8Array.of(0x82), leave: (one) => one[Symbol.dispose]() },
  { what: "a byte, then a reset", early: Uint8Array.of(0x82), leave: (one) => one.reset() },
  {
    what: "more than is read in advance, then a reset",
    early: frame(Opcode.BINARY, PAYLOAD),
    leave: (one) => one.reset(),
  },
  {
    what: "more than is read in advance, then a FIN",
    early: frame(Opcode.BINARY, PAYLOAD),
    leave: (one) => one[Symbol.dispose](),
  },
];

/** A second, and what a busy machine takes; far less than the connect would. */
const LEFT_DEADLINE_MS = 5_000;

for (const { what, early, leave } of LEAVERS) {
  testEngines(
    `clients that send ${what} are let go while their backend is being connected`,
    async (engine) => {
      using backend = await listenSilently();
      await using program = await startFor(engine, backend.address, {
        host: "connect-timeout = 60",
      });
      const before = connectionCount(program.pid);
      const clients = Array.from({ length: 20 }, () => openResettable(program.address));
      // Each has a connection of its own and one that is tried.
      await eventually(
        "every connect to be under way",
        () => connectionCount(program.pid) >= before + 2 * clients.length,
      );
      for (const client of clients) {
        client.send(early);
        leave(client);
      }
      await eventually(
        "their descriptors to be free",
        () => connectionCount(program.pid) <= before + loopbackDescriptors(engine),
        LEFT_DEADLINE_MS,
      );
    },
  );
}
