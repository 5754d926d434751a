/** A backend that speaks a binary protocol, behind a tunnel of text frames. */
import assert from "node:assert/strict";
import { serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import type { Program } from "../support/program.ts";
import { type Fields, Opcode, openTunnel } from "../support/raw_client.ts";
import { testEngines } from "./engine_limits.ts";
import { hostLines, startWithFile, text } from "./whole.ts";

const GREETINGS = { "/vnc": "RFB 003.008\n", "/ssh": "SSH-2.0-OpenSSH_9.2p1\r\n" };

function greet(greeting: string) {
  return serveBackend(async ({ reader, write }) => {
    await write(greeting);
    await reader.rest("the end");
  });
}

/** Takes the greeting that the route's backend sends. */
async function takeGreeting(program: Program, route: keyof typeof GREETINGS, fields: Fields = {}) {
  using client = await openTunnel(program.address, route, fields);
  const opcode = fields["Sec-WebSocket-Protocol"] === "binary" ? Opcode.BINARY : Opcode.TEXT;
  assert.equal(text(await client.payload(GREETINGS[route].length, opcode)), GREETINGS[route]);
}

testEngines(
  "a binary protocol's greeting in text frames is warned of, once for each route",
  async (engine) => {
    await using vnc = greet(GREETINGS["/vnc"]);
    await using ssh = greet(GREETINGS["/ssh"]);
    const routes = Object.entries({ "/vnc": vnc, "/ssh": ssh })
      .map(([key, { address }]) => `[wstunnel.server."${key}"]\n${hostLines(address)}\n`);
    await using program = await startWithFile(`engine = "${engine}"\n${routes.join("")}`);
    const warnings = () =>
      program.log.all.map((line) => JSON.parse(line))
        .filter(({ level, protocol }) => level === "warning" && protocol !== undefined);

    // What such a client gets is right.
    await takeGreeting(program, "/vnc", { "Sec-WebSocket-Protocol": "binary" });
    await program.entry("tunnel closed");
    assert.deepEqual(warnings(), []);

    for (const route of ["/vnc", "/vnc", "/ssh"] as const) await takeGreeting(program, route);
    await program.entry("tunnel closed", 4);
    await eventually("both warnings", () => warnings().length >= 2);
    assert.deepEqual(warnings().map(({ route, protocol, id }) => [route, protocol, id]), [
      ["/vnc", "VNC", 2],
      ["/ssh", "SSH", 4],
    ]);
    assert.match(warnings()[0].message, /speaks VNC.*frame-type = "binary"/);
  },
);
