/** Connections that carry files: kept for the next request, upgraded, left, stalled, and ended with the program. */
import assert from "node:assert/strict";
import { type Engine, testEngines, testEnginesThat } from "../e2e/engine_limits.ts";
import { hostLines } from "../e2e/whole.ts";
import { echo, serveBackend } from "../support/backends.ts";
import { NO_OPENSSL } from "../support/certificates.ts";
import { createReader } from "../support/connection.ts";
import { inFolder } from "../support/folder.ts";
import { startProgram } from "../support/program.ts";
import { handshake, Opcode, openRaw, type RawClient } from "../support/raw_client.ts";
import { overTls, tlsSetting } from "../support/tls.ts";
import { ask, askOn, assertKept, PAGE, request, serving, type ServingOptions } from "./serving.ts";

const SIZE = 5_000 * 4096;

/** A large file, of which each page tells where it is. */
function makeLarge(root: string): void {
  using file = Deno.openSync(`${root}/large`, { create: true, write: true });
  file.truncateSync(SIZE);
  for (let at = 0; at < SIZE; at += 4096) {
    file.seekSync(at, Deno.SeekMode.Start);
    file.writeSync(new TextEncoder().encode(`${at};`));
  }
}

/** Checks bytes of the large file that begin somewhere in it. */
function assertLarge(bytes: Uint8Array, from = 0): void {
  const decoder = new TextDecoder();
  for (let at = Math.ceil(from / 4096) * 4096; at + 16 < from + bytes.length; at += 4096) {
    const text = decoder.decode(bytes.subarray(at - from, at - from + 16));
    assert.equal(text.split(";")[0], String(at));
  }
}

async function withBackend(test: (lines: string) => Promise<void>): Promise<void> {
  await using backend = serveBackend(echo);
  await test(`[[wstunnel.server."/ws"]]\n${hostLines(backend.address)}\n`);
}

/** Opens a tunnel on a connection that is there, and sends a word through it. */
async function assertUpgrades(client: RawClient, target = "/ws"): Promise<void> {
  await client.write(handshake(target));
  const { status } = await client.head();
  assert.equal(status, 101);
  await client.send(Opcode.TEXT, "hello");
  assert.equal(new TextDecoder().decode(await client.message()), "hello");
}

async function keepsAndUpgrades(
  engine: Engine,
  options: ServingOptions,
  place: (address: string) => string = (address) => address,
): Promise<void> {
  await withBackend(async (lines) => {
    await serving(engine, { ...options, rest: lines }, async ({ program }) => {
      using client = await openRaw(place(program.address));
      await assertKept(client);
      const missing = await askOn(client, request("/none"));
      assert.equal(missing.status, 404);
      await client.write(request("/large", ["Range: bytes=100-9000100"]));
      const part = await client.head();
      assert.equal(part.status, 206);
      assertLarge(new TextEncoder().encode(await client.body(part)), 100);
      const head = await askOn(client, request("/large", [], "HEAD"));
      assert.equal(head.headers.get("content-length"), String(SIZE));
      await assertKept(client);
      await assertUpgrades(client);
    }, makeLarge);
  });
}

testEngines(
  "a connection is kept for further requests, and can become a tunnel",
  async (engine) => {
    await keepsAndUpgrades(engine, {});
  },
);

Deno.test({
  name: "over TLS it is kept as well, and can become a tunnel",
  ignore: NO_OPENSSL !== null,
}, async () => {
  await using tls = await tlsSetting();
  await keepsAndUpgrades("stream", { flags: tls.flags }, overTls);
});

testEngines(
  "requests that come at once are answered in order, to who has no more to say as well",
  async (engine) => {
    await serving(engine, {}, async ({ program }) => {
      using client = await openRaw(program.address);
      const count = 300;
      const requests = Array.from({ length: count }, (_, at) =>
        request(
          at % 3 === 0 ? "/" : at % 3 === 1 ? `/none${at}` : "/",
          [],
          at % 3 === 2 ? "HEAD" : "GET",
        ));
      await client.write(requests.join(""));
      // The runtime leaves who has no more to say without an answer.
      if (engine === "stream") await client.connection.closeWrite();
      for (let at = 0; at < count; at++) {
        const response = await client.head();
        assert.equal(response.status, at % 3 === 1 ? 404 : 200, `${at}`);
        if (at % 3 !== 2) await client.body(response);
      }
      if (engine === "stream") await client.end();
    });
  },
);

testEnginesThat(
  "answer any head",
  "heads that come byte by byte, behind an answer, are read",
  async (engine) => {
    await serving(engine, {}, async ({ program }) => {
      using client = await openRaw(program.address);
      await assertKept(client);
      for (const byte of request("/")) await client.write(byte);
      const response = await client.head();
      assert.deepEqual([response.status, await client.body(response)], [200, PAGE]);
      // What is no head is refused as if it had come first.
      await client.write("GET / HTTP/1.1\nHost: x\n\n");
      const refused = await client.head();
      assert.deepEqual([refused.status, refused.headers.get("connection")], [400, "close"]);
      await client.body(refused);
      await client.end();
    });
  },
);

testEnginesThat(
  "answer any head",
  "a handshake of a client that has no more to say becomes no tunnel",
  async (engine) => {
    await withBackend(async (lines) => {
      await serving(engine, { rest: lines }, async ({ program }) => {
        using client = await openRaw(program.address);
        await client.write(request("/large", ["Range: bytes=0-9000000"]) + handshake("/ws"));
        await client.connection.closeWrite();
        const response = await client.head();
        assert.equal(response.status, 206);
        await client.body(response);
        assert.equal(await client.end(), "fin");
        assert.equal(program.entries("tunnel opened").length, 0);
      }, makeLarge);
    });
  },
);

testEngines(
  "behind a PROXY header all requests of a connection are of whom it names",
  async (engine) => {
    const top = 'trusted-proxies = ["127.0.0.1"]\n' +
      'listen = { address = "127.0.0.1:0", proxy-protocol = "required" }';
    await serving(engine, { top, listen: [] }, async ({ program }) => {
      using client = await openRaw(program.address);
      await client.write("PROXY TCP4 192.0.2.7 198.51.100.1 5000 80\r\n");
      await assertKept(client);
      await assertKept(client);
      await program.entry("file asked for", 2);
      for (const { client } of program.entries("file asked for")) {
        assert.equal(client, "192.0.2.7:5000");
      }
    });
  },
);

testEngines(
  "a connection ends behind the answer where its client asks for that",
  async (engine) => {
    await serving(engine, {}, async ({ program }) => {
      using client = await openRaw(program.address);
      const last = await askOn(client, request("/", ["Connection: close"]));
      assert.deepEqual([last.status, last.body], [200, PAGE]);
      assert.equal(last.headers.get("connection"), "close");
      await client.end();
    });
  },
);

testEnginesThat(
  "time a head out",
  "a connection without a further request ends in the time that a first one has",
  async (engine) => {
    await serving(engine, { top: "handshake-timeout = 2" }, async ({ program }) => {
      using idle = await openRaw(program.address);
      using begun = await openRaw(program.address);
      await assertKept(idle);
      await assertKept(begun);
      await begun.write("GET / HT");
      const response = await begun.head();
      assert.equal(response.status, 408);
      await begun.body(response);
      await begun.end();
      // It has asked for nothing: nothing is said.
      assert.equal(await idle.end(), "fin");
    });
  },
);

testEngines("a client that takes nothing is left after the write timeout", async (engine) => {
  const web = "write-timeout = 1";
  await serving(engine, { web, top: "handshake-timeout = 2" }, async ({ program }) => {
    using client = await openRaw(program.address);
    await client.write(request("/large"));
    const entry = await program.entry("file not sent whole");
    assert.equal(entry["end"], "stalled");
    const { bytes } = await createReader(client.connection).rest("what was sent");
    assert.ok(bytes.length < SIZE, `${bytes.length}`);
    assert.equal(await statusOf(program), 200);
  }, makeLarge);
});

async function statusOf(program: { readonly address: string }): Promise<number> {
  return (await ask(program, "/")).status;
}

testEngines("a client that leaves in the middle is told of, and harms nobody", async (engine) => {
  await serving(engine, {}, async ({ program }) => {
    using client = await openRaw(program.address);
    await client.write(request("/large"));
    await client.head();
    client.connection.close();
    const entry = await program.entry("file not sent whole");
    assert.equal(entry["end"], "left");
    assert.ok(Number(entry["bytes"]) < SIZE);
    assert.equal(await statusOf(program), 200);
  }, makeLarge);
});

testEngines("a file that becomes shorter while it is sent ends the connection", async (engine) => {
  await serving(engine, {}, async ({ program, root }) => {
    using client = await openRaw(program.address);
    await client.write(request("/large"));
    const { headers } = await client.head();
    assert.equal(headers.get("content-length"), String(SIZE));
    Deno.truncateSync(`${root}/large`, 0);
    const { bytes } = await createReader(client.connection).rest("what was sent");
    assert.ok(bytes.length < SIZE);
    const entry = await program.entry("file not sent whole");
    assert.deepEqual([entry["end"], entry.level], ["shrunk", "warning"]);
  }, makeLarge);
});

testEngines("a file that is replaced while it is sent is sent as it was", async (engine) => {
  await serving(engine, {}, async ({ program, root, outside }) => {
    using client = await openRaw(program.address);
    await client.write(request("/large"));
    const response = await client.head();
    Deno.writeTextFileSync(`${outside}/new`, "new");
    Deno.renameSync(`${outside}/new`, `${root}/large`);
    assertLarge(new TextEncoder().encode(await client.body(response)));
    assert.equal((await ask(program, "/large")).body, "new");
  }, makeLarge);
});

testEnginesThat(
  "end its connections in order",
  "at the end of the program idle connections end at once, and what is being sent is sent",
  async (engine) => {
    await serving(engine, {}, async ({ program }) => {
      using idle = await openRaw(program.address);
      using busy = await openRaw(program.address);
      await assertKept(idle);
      await assertKept(busy);
      await busy.write(request("/large"));
      const response = await busy.head();
      program.signal("SIGTERM");
      assert.equal(await idle.end(), "fin");
      assertLarge(new TextEncoder().encode(await busy.body(response)));
      await busy.end();
      assert.equal(await program.exit(), 0);
      const { status, bytes } = await program.entry("file asked for", 3);
      assert.deepEqual([status, bytes], [200, SIZE]);
    }, makeLarge);
  },
);

testEngines(
  "a client that reads nothing keeps the program from its end for no longer than the grace time",
  async (engine) => {
    await serving(engine, { top: "grace-time = 0.5" }, async ({ program }) => {
      using client = await openRaw(program.address);
      await client.write(request("/large"));
      await client.head();
      program.signal("SIGTERM");
      assert.equal(await program.exit(), 0);
    }, makeLarge);
  },
);

testEnginesThat(
  "see its connections",
  "an idle connection makes room for one that comes",
  async (engine) => {
    await serving(engine, { top: "max-connections = 2" }, async ({ program }) => {
      using first = await openRaw(program.address);
      using second = await openRaw(program.address);
      await assertKept(first);
      await assertKept(second);
      assert.equal(await statusOf(program), 200);
      assert.equal(await first.end(), "fin");
      await assertKept(second);
      assert.equal(program.entries("connection dropped").length, 0);
    });
  },
);

testEngines(
  "a kept connection of a proxy is for whom each of its requests speaks",
  async (engine) => {
    const top = 'trusted-proxies = ["127.0.0.1"]';
    await serving(engine, { top }, async ({ program }) => {
      using client = await openRaw(program.address);
      for (const name of ["192.0.2.1", "192.0.2.2"]) {
        await askOn(client, request("/", [`X-Forwarded-For: ${name}`]));
      }
      await assertKept(client);
      await program.entry("file asked for", 3);
      const clients = program.entries("file asked for").map(({ client }) => String(client));
      assert.deepEqual(clients.slice(0, 2), ["192.0.2.1", "192.0.2.2"]);
      assert.match(clients[2]!, /^127\.0\.0\.1:/);
    });
  },
);

testEngines(
  "a reload serves another folder, or none, on the connection that is there",
  async (engine) => {
    await inFolder(async (folder) => {
      const file = `${folder}/wstunnel.toml`;
      const write = (top: string) =>
        Deno.writeTextFileSync(
          file,
          `engine = "${engine}"\n${top}\n[[wstunnel.server."/ws"]]\nport = 1\n`,
        );
      for (const name of ["a", "b"]) {
        Deno.mkdirSync(`${folder}/${name}`);
        Deno.writeTextFileSync(`${folder}/${name}/index.html`, name);
      }
      write(`web = "${folder}/a"`);
      await using program = await startProgram(["--config", file]);
      using client = await openRaw(program.address);
      assert.equal((await askOn(client, request("/"))).body, "a");
      write(`web = "${folder}/b"`);
      program.signal("SIGHUP");
      await program.entry("the configuration holds from now on");
      assert.equal((await askOn(client, request("/"))).body, "b");
      assert.equal((await askOn(client, request("/ws"))).status, 404);
      write(`web = "${folder}/none"`);
      program.signal("SIGHUP");
      await program.entry("the reload is refused, the configuration before it still holds");
      assert.equal((await askOn(client, request("/"))).body, "b");
      write("");
      program.signal("SIGHUP");
      await program.entry("the configuration holds from now on", 2);
      assert.equal((await askOn(client, request("/"))).status, 404);
      using other = await openRaw(program.address);
      assert.equal((await askOn(other, request("/ws"))).status, 426);
    });
  },
);

testEnginesThat(
  "see its connections",
  "a reload that takes a listener's socket over ends its idle connections",
  async (engine) => {
    await inFolder(async (folder) => {
      const file = `${folder}/wstunnel.toml`;
      const write = (proxies: string) =>
        Deno.writeTextFileSync(
          file,
          `engine = "${engine}"\nweb = "${folder}"\ntrusted-proxies = ["192.0.2.1"]\n` +
            `listen = { address = "127.0.0.1:0", proxy-protocol = "${proxies}" }\n`,
        );
      write("off");
      await using program = await startProgram(["--config", file], { listen: [], listeners: 1 });
      using client = await openRaw(program.address);
      assert.equal((await askOn(client, request("/none"))).status, 404);
      write("optional");
      program.signal("SIGHUP");
      await program.entry("the configuration holds from now on");
      assert.equal(await client.end(), "fin");
      assert.equal((await ask(program, "/none")).status, 404);
    });
  },
);
