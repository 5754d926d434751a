/** MQTT by one line: a real broker behind the tunnel, browsers' clients and paho in front of it, and no configuration. */
import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { eventually, inTime } from "../support/eventually.ts";
import { installed, startServer } from "../support/installed.ts";
import { type Program, startProgram } from "../support/program.ts";
import { type Engine, ENGINES } from "./engine_limits.ts";

const MOSQUITTO = installed("mosquitto");
const PUBLISH = installed("mosquitto_pub");
const PYTHON = installed("python3");
const SCRIPT = new URL("../clients/mqtt.py", import.meta.url).pathname;

function hasPaho(): boolean {
  if (PYTHON === null) return false;
  return new Deno.Command(PYTHON, { args: ["-c", "import paho.mqtt.client"] }).outputSync().success;
}

/** Registers a test for each engine, with a broker and the program as one line starts it. */
function testMqtt(
  name: string,
  missing: string | null,
  body: (program: Program, broker: number) => Promise<void>,
): void {
  const why = MOSQUITTO === null ? "mosquitto" : missing;
  const run = async (engine: Engine) => {
    const port = freePort();
    const folder = await Deno.makeTempDir();
    try {
      const config = `${folder}/mosquitto.conf`;
      await Deno.writeTextFile(config, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
      await using _broker = await startServer(MOSQUITTO!, ["-c", config], `127.0.0.1:${port}`);
      await using program = await startProgram([
        ...["--server", `localhost:${port}`, "--engine", engine],
      ]);
      await body(program, port);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
  for (const engine of ENGINES) {
    Deno.test({
      name: `${engine}: ${name}${why === null ? "" : ` (skipped: ${why} is not installed)`}`,
      ignore: why !== null,
      fn: () => run(engine),
    });
  }
}

/** MQTT 3.1.1 section 3.1: protocol name, level 4, a clean session, no keepalive, and the client's name. */
const CONNECT = Uint8Array.of(0x10, 13, 0, 4, 77, 81, 84, 84, 4, 2, 0, 0, 0, 1, 97);
/** Section 3.2: accepted. */
const CONNACK = Uint8Array.of(0x20, 2, 0, 0);
/** Section 3.8: packet 1, the topic `t`, at most once. */
const SUBSCRIBE = Uint8Array.of(0x82, 6, 0, 1, 0, 1, 116, 0);
const SUBACK = Uint8Array.of(0x90, 3, 0, 1, 0);
/** Section 3.3: `hi` on the topic `t`. */
const PUBLISHED = Uint8Array.of(0x30, 5, 0, 1, 116, 104, 105);

testMqtt(
  "a browser's WebSocket that offers mqtt gets it, binary frames and the broker",
  PUBLISH === null ? "mosquitto_pub" : null,
  async (program, broker) => {
    // As a browser does, the runtime's client fails where an offered subprotocol is not accepted.
    const socket = new WebSocket(`ws://${program.address}/mqtt`, ["mqtt"]);
    socket.binaryType = "arraybuffer";
    const messages: unknown[] = [];
    let failure = "";
    socket.onmessage = ({ data }) => {
      messages.push(data instanceof ArrayBuffer ? new Uint8Array(data) : "a text frame");
    };
    socket.onerror = (event) => failure = (event as ErrorEvent).message;
    const message = async (nth: number) => {
      await eventually(`message ${nth}`, () => messages.length >= nth);
      return messages[nth - 1];
    };
    await eventually("the WebSocket", () => socket.readyState !== WebSocket.CONNECTING);
    assert.deepEqual([failure, socket.protocol], ["", "mqtt"]);
    socket.send(CONNECT);
    assert.deepEqual(await message(1), CONNACK);
    socket.send(SUBSCRIBE);
    assert.deepEqual(await message(2), SUBACK);
    const { success } = await new Deno.Command(PUBLISH!, {
      args: ["-h", "127.0.0.1", "-p", `${broker}`, "-t", "t", "-m", "hi"],
    }).output();
    assert.ok(success, "who publishes by TCP");
    assert.deepEqual(await message(3), PUBLISHED);
    socket.close(1000);
    await eventually("the end", () => socket.readyState === WebSocket.CLOSED);
  },
);

for (const [level, subprotocol] of [[3, "mqttv3.1"], [4, "mqtt"], [5, "mqtt"]] as const) {
  testMqtt(
    `paho moves 1 MiB by MQTT of level ${level} as ${subprotocol}`,
    hasPaho() ? null : "Python's paho",
    async (program) => {
      const [host, port] = program.address.split(":");
      const child = new Deno.Command(PYTHON!, {
        args: [SCRIPT, host!, port!, `${level}`, subprotocol, `${1024 * 1024}`],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const output = child.output();
      const { success, stdout, stderr } = await inTime(
        "the end of the client",
        output,
        () => child.kill("SIGKILL"),
        60_000,
      );
      const decoder = new TextDecoder();
      assert.ok(success, decoder.decode(stderr));
      const [sent, received] = decoder.decode(stdout).trim().split(" ");
      assert.equal(received, sent);
      const opened = await program.entry("tunnel opened");
      assert.equal(opened["subprotocol"], subprotocol);
    },
  );
}
