import assert from "node:assert/strict";
import { chooseSubprotocol } from "../../lib/http/subprotocol.ts";
import type { Encoding } from "../../lib/tunnel/encoder.ts";
import type { FrameType } from "../../lib/config/config.ts";

const CHOICES: readonly (readonly [
  offered: string | null,
  accepted: readonly string[] | null,
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
  ["chat", ["chat"], "text", "chat", "text"],
  ["chat", ["chat"], "binary", "chat", "binary"],
  // What means a stream of bytes is never sent as text.
  ["mqtt", ["mqtt"], "text", "mqtt", "binary"],
  ["a, mqttv3.1,mqtt", ["mqtt", "mqttv3.1"], "text", "mqttv3.1", "binary"],
  // Without a list.
  [null, null, "text", null, "text"],
  [", ,", null, "text", null, "text"],
  ...["mqtt", "mqttv3.1", "amqp", "rfb"].map((name) =>
    [name, null, "text", name, "binary"] as const
  ),
  [" ,mqtt,", null, "text", "mqtt", "binary"],
  ["MQTT", null, "text", null, "text"],
  ["xmpp", null, "text", null, "text"],
  ["v12.stomp", null, "text", null, "text"],
  ["mqtt, mqttv3.1", null, "text", null, "text"],
  ["mqtt, chat", null, "binary", null, "binary"],
  ["mqtt, binary", null, "text", "binary", "binary"],
  ["mqtt, base64", null, "binary", "base64", "base64"],
  // A token is no protocol.
  ["bearer.x", null, "text", null, "text"],
  ["bearer.x, binary", null, "text", "binary", "binary"],
  ["mqtt, bearer.x", null, "text", "mqtt", "binary"],
  ["Bearer.x, chat,bearer.y", ["bearer.y"], "text", null, "text"],
  // With one that is empty.
  ["mqtt", [], "text", null, "text"],
  ["mqtt, base64", ["mqtt"], "binary", "base64", "base64"],
  ["mqtt, binary", ["mqtt"], "text", "binary", "binary"],
];

for (const [offered, accepted, frameType, protocol, encoding] of CHOICES) {
  const setting = `${JSON.stringify(offered)}, ${JSON.stringify(accepted)}, ${frameType}`;
  Deno.test(`\`chooseSubprotocol()\` of ${setting} is ${protocol} with ${encoding}`, () => {
    const { declined, ...chosen } = chooseSubprotocol(offered, accepted, frameType);
    assert.deepEqual(chosen, { protocol, encoding });
    const names = offered?.split(",").map((name) => name.replace(/^[ \t]+|[ \t]+$/g, ""))
      .filter((name) => name !== "" && !/^bearer\./i.test(name)) ?? [];
    assert.equal(declined, protocol === null && names.length > 0 ? names.join(", ") : null);
  });
}
