import assert from "node:assert/strict";
import { readServerName } from "../../lib/engine/client_hello.ts";
import { randomFrom } from "../support/random.ts";

function number16(value: number): number[] {
  return [value >> 8, value & 255];
}

function sized(bytes: readonly number[]): number[] {
  return [...number16(bytes.length), ...bytes];
}

/** A hello with these extensions, in one record. */
function hello(...extensions: readonly (readonly number[])[]): Uint8Array {
  const fields = [
    ...[3, 3, ...new Array(32).fill(7)],
    ...[32, ...new Array(32).fill(9)],
    ...sized([0x13, 1, 0x13, 2]),
    ...[1, 0],
    ...sized(extensions.flat()),
  ];
  const message = [1, 0, ...number16(fields.length), ...fields];
  return Uint8Array.from([0x16, 3, 1, ...sized(message)]);
}

function serverName(name: string, type = 0): number[] {
  const bytes = [...new TextEncoder().encode(name)];
  return [0, 0, ...sized(sized([type, ...sized(bytes)]))];
}

const OTHER = [0, 16, ...sized([1, 2, 3])];

const NONE = { name: null };

Deno.test("`readServerName()` finds the name among the extensions, in lower case", () => {
  const whole = hello(OTHER, serverName("Tunnel.Example.COM"), OTHER);
  assert.deepEqual(readServerName(whole), { name: "tunnel.example.com" });
  const behind = Uint8Array.from([...whole, 1, 2, 3]);
  assert.deepEqual(readServerName(behind), { name: "tunnel.example.com" });
});

Deno.test("`readServerName()` waits for the whole record, whatever piece of it has come", () => {
  const whole = hello(serverName("a.example"));
  for (let end = 0; end < whole.length; end++) {
    assert.equal(readServerName(whole.subarray(0, end)), "incomplete", `${end}`);
  }
});

Deno.test("`readServerName()` finds none where none is said, or what is said is none", () => {
  assert.deepEqual(readServerName(hello()), NONE);
  assert.deepEqual(readServerName(hello(OTHER)), NONE);
  assert.deepEqual(readServerName(hello(serverName(""))), NONE);
  assert.deepEqual(readServerName(hello(serverName("a.example", 1))), NONE);
  assert.deepEqual(readServerName(new TextEncoder().encode("GET / HTTP/1.1\r\n")), NONE);
  const long = hello(OTHER);
  long[3] = 0xff;
  assert.deepEqual(readServerName(long), NONE, "a record longer than there is any");
});

Deno.test("`readServerName()` takes any bytes, and leads past no end", () => {
  const random = randomFrom(0x5ee1);
  const whole = hello(OTHER, serverName("name.example"), OTHER);
  for (let round = 0; round < 20_000; round++) {
    const bytes = whole.slice();
    for (let change = 0; change < 3; change++) {
      const noise = new Uint8Array(2);
      random.fill(noise);
      bytes[5 + noise[0]! % (bytes.length - 5)] = noise[1]!;
    }
    const read = readServerName(bytes);
    assert.ok(read !== "incomplete" && (read.name === null || read.name.length <= bytes.length));
  }
});
