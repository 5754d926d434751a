import assert from "node:assert/strict";
import { chooseSubprotocol, type Encoding } from "../../lib/http/subprotocol.ts";
import type { FrameType } from "../../lib/config/config.ts";

const CHOICES: readonly (readonly [
  offered: string | null,
  accepted: readonly string[],
  frameType: FrameType,
  protocol: string | null,
  encoding: Encoding,
])[] = [
  [null, [], "text", null, "text"],
  [null, [], "binary", null, "binary"],
  [null, ["mqtt"], "binary", null, "binary"],
  ["", [], "text", null, "text"],
  [",", ["mqtt"], "text", null, "text"],
  ["binary", [], "text", "binary", "binary"],
  ["base64", [], "binary", "base64", "base64"],
  ["base64, binary", [], "text", "binary", "binary"],
  ["binary,base64", [], "text", "binary", "binary"],
  [" base64 ", [], "text", "base64", "base64"],
  ["mqtt\t ,\tbase64\t", [], "binary", "base64", "base64"],
  ["\xa0binary", [], "text", null, "text"],
  ["mqtt\xa0", ["mqtt"], "text", null, "text"],
  ["Binary", [], "text", null, "text"],
  ["binaryx", [], "text", null, "text"],
  ["mqtt", [], "binary", null, "binary"],
  ["mqtt", ["mqtt"], "binary", "mqtt", "binary"],
  ["mqtt", ["mqtt"], "text", "mqtt", "text"],
  ["a, mqttv3.1,mqtt", ["mqtt", "mqttv3.1"], "text", "mqttv3.1", "text"],
  ["mqtt, base64", ["mqtt"], "binary", "base64", "base64"],
  ["mqtt, binary", ["mqtt"], "text", "binary", "binary"],
];

for (const [offered, accepted, frameType, protocol, encoding] of CHOICES) {
  const setting = `${JSON.stringify(offered)}, [${accepted}], ${frameType}`;
  Deno.test(`\`chooseSubprotocol()\` of ${setting} is ${protocol} with ${encoding}`, () => {
    assert.deepEqual(chooseSubprotocol(offered, accepted, frameType), { protocol, encoding });
  });
}
