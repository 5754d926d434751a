/** Tokens in files, as websockify's TokenFile, TokenFileName and UnixDomainSocketDirectory have them. */
import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { assertNoSecret, makeSecret } from "../support/secrets.ts";
import { Opcode, openTunnel } from "../support/raw_client.ts";
import { testEngines } from "./engine_limits.ts";
import { reportThat } from "./report.ts";
import { answerOf, assertRefused, DOWN, nameAt, named, NO_TARGET } from "./targets.ts";
import { startWithFile, text } from "./whole.ts";
import { inFolder } from "../support/folder.ts";

function config(engine: string, targets: string, more = ""): string {
  return `engine = "${engine}"\n[wstunnel]\nframe-type = "binary"\n` +
    `[wstunnel.server."/websockify"]\ntargets = { ${targets} }\n${more}`;
}

/** Writes a whole file in the place of another. */
async function replaceFile(path: string, content: string): Promise<void> {
  await Deno.writeTextFile(`${path}.new`, content);
  await Deno.rename(`${path}.new`, path);
}

testEngines(
  "a token file leads each token to its server, and is edited while it runs",
  async (engine) => {
    const [one, two, three] = ["one", "two", "three"].map((name) => makeSecret(`token ${name}`));
    await using first = named("first");
    await using second = named("second");
    await using third = named("third");
    await inFolder(async (folder) => {
      const path = `${folder}/tokens`;
      await Deno.writeTextFile(
        path,
        `# desks\n${one}: ${first.address}\n${two}: ${second.address}\n`,
      );
      await using program = await startWithFile(config(engine, `file = "${path}"`));
      const at = (token: string) => `/websockify?token=${token}`;
      const opened = await openTunnel(program.address, at(one!));
      assert.equal(text(await opened.message(Opcode.BINARY)), "first");
      assert.equal(await nameAt(program, at(two!)), "second");
      await assertRefused(program, at(three!), "there is no such token");
      // In place: a new one, one that leads elsewhere, and one that is gone, each from the next request on.
      await Deno.writeTextFile(path, `${two}: ${third.address}\n${three}: ${first.address}\n`);
      assert.equal(await nameAt(program, at(three!)), "first");
      assert.equal(await nameAt(program, at(two!)), "third");
      await assertRefused(program, at(one!), "there is no such token");
      // The tunnel that its token opened goes on.
      await opened.send(Opcode.PING, "still there");
      assert.equal(text((await opened.frame()).payload), "still there");
      await opened.close(1000);
      opened[Symbol.dispose]();
      await replaceFile(path, `${one}: ${second.address}\n`);
      assert.equal(await nameAt(program, at(one!)), "second");
      assert.equal((await program.entry("tunnel opened", 1))["backend"], first.address);
      assertNoSecret("its log", program.log.all.join("\n"));
    });
  },
);

testEngines(
  "wrong lines are told by their numbers, nobody asking, and the others hold; without its file there are no tokens",
  async (engine) => {
    const [good, wrong] = [makeSecret("a good token"), makeSecret("a token of a wrong line")];
    await using backend = named("good");
    await inFolder(async (folder) => {
      const path = `${folder}/tokens`;
      await Deno.writeTextFile(path, `${good}: ${backend.address}\n${wrong} ${backend.address}\n`);
      await using program = await startWithFile(config(engine, `file = "${path}"`));
      const line = await program.entry("a line of the targets is left out");
      assert.deepEqual([line["line"], line["source"], line["route"]], [2, path, "/websockify"]);
      assert.equal(await nameAt(program, `/websockify?token=${good}`), "good");
      await replaceFile(path, `${Array(40).fill(wrong).join("\n")}\n${good}: ${backend.address}\n`);
      // Ten of them, and how many more.
      const last = await program.entry("a line of the targets is left out", 11);
      assert.deepEqual([last["line"], last["more"]], [10, 30]);
      assert.equal((await program.entry("targets read", 2))["tokens"], 1);
      await Deno.remove(path);
      await assertRefused(program, `/websockify?token=${good}`, "there is no such token");
      assert.equal(
        (await program.entry("the targets cannot be read"))["problem"],
        `there is no ${path}`,
      );
      await Deno.writeTextFile(path, `${good}: ${backend.address}\n`);
      assert.equal(await nameAt(program, `/websockify?token=${good}`), "good");
      assertNoSecret("its log", program.log.all.join("\n"));
    });
  },
);

testEngines(
  "a missing token, one that is no text and one that is unknown have one answer",
  async (engine) => {
    await inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/tokens`, "known: 127.0.0.1:9\n");
      await using program = await startWithFile(config(engine, `file = "${folder}/tokens"`));
      for (
        const query of [
          "",
          "?token=",
          "?token=unknown",
          "?other=known",
          "?token=known&token=other",
          "?token=known%00",
          "?token=%ff",
          "?token=%",
          "?token=known%20",
          `?token=${"k".repeat(8000)}`,
          "?token=__proto__",
          "?token=constructor",
        ]
      ) {
        assert.deepEqual(await answerOf(program, `/websockify${query}`), NO_TARGET, query);
      }
    });
  },
);

testEngines("a folder of token files is as one file", async (engine) => {
  await using first = named("first");
  await using second = named("second");
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a`, `one: ${first.address}\n`);
    await Deno.writeTextFile(`${folder}/b`, `two: ${second.address}\n`);
    await Deno.writeTextFile(`${folder}/.hidden`, `three: ${second.address}\n`);
    await using program = await startWithFile(config(engine, `file = "${folder}"`));
    assert.equal(await nameAt(program, "/websockify?token=one"), "first");
    assert.equal(await nameAt(program, "/websockify?token=two"), "second");
    assert.equal((await answerOf(program, "/websockify?token=three")).status, 403);
    await Deno.writeTextFile(`${folder}/c`, `three: ${first.address}\n`);
    assert.equal(await nameAt(program, "/websockify?token=three"), "first");
    await Deno.remove(`${folder}/a`);
    assert.equal((await answerOf(program, "/websockify?token=one")).status, 403);
  });
});

testEngines(
  "in a folder of names a token leads to a file's address or a socket, and nowhere out of it",
  async (engine) => {
    await inFolder(async (folder) => {
      await Deno.mkdir(`${folder}/inner/deep`, { recursive: true });
      const inner = `${folder}/inner`;
      await using first = named("first");
      await using socket = named("socket", { path: `${inner}/desk` });
      await Deno.writeTextFile(`${inner}/one`, `${first.address}\n`);
      await Deno.writeTextFile(`${inner}/.two`, `${first.address}\n`);
      await Deno.writeTextFile(`${inner}/long`, "a".repeat(2000));
      await Deno.writeTextFile(`${folder}/outside`, `${first.address}\n`);
      await using program = await startWithFile(config(engine, `dir = "${inner}"`));
      const at = (token: string) => `/websockify?token=${token}`;
      assert.equal(await nameAt(program, at("one")), "first");
      assert.equal(await nameAt(program, at("desk")), "socket");
      assert.equal((await program.entry("tunnel opened", 2))["backend"], socket.address);
      for (
        const token of [
          ...["../outside", "..%2Foutside", "%2e%2e%2foutside", "..%5coutside", "deep/../one"],
          ...["deep%2f..%2fone", ".", "..", ".two", "deep", "/etc/passwd", "one%00", "%2f", "none"],
          `${inner}/one`,
          "a".repeat(300),
        ]
      ) {
        await assertRefused(
          program,
          at(token),
          token === "one%00" ? "no token, or one with a stray character" : "there is no such token",
        );
      }
      await assertRefused(program, at("long"), "what the token leads to is no host:port");
      await Deno.writeTextFile(`${inner}/none`, "nothing");
      await assertRefused(program, at("none"), "what the token leads to is no host:port");
      await Deno.writeTextFile(`${inner}/none`, first.address);
      assert.equal(await nameAt(program, at("none")), "first");
      // Without its folder nobody can say.
      await Deno.rename(inner, `${folder}/away`);
      assert.deepEqual(await answerOf(program, at("one")), DOWN);
      assert.deepEqual(await answerOf(program, at("one")), DOWN);
      await Deno.rename(`${folder}/away`, inner);
      assert.equal(await nameAt(program, at("one")), "first");
      await program.entry("the targets of the route can be asked for again");
      assert.equal(program.entries("the targets of the route cannot be asked for").length, 1);
    });
  },
);

testEngines(
  "a target that is down is told of once, by its address, and when it is up again; the report has those in use",
  async (engine) => {
    const port = freePort();
    await inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/tokens`, `one: 127.0.0.1:${port}\n`);
      await using program = await startWithFile(
        config(engine, `file = "${folder}/tokens"`, "disable-time = 0\n"),
      );
      for (let i = 0; i < 20; i++) {
        assert.deepEqual(await answerOf(program, "/websockify?token=one"), DOWN);
      }
      const down = await program.entry("target is down");
      assert.equal(down["backend"], `127.0.0.1:${port}`);
      assert.match(String(down["reason"]), /refused/);
      await using _backend = named("back", { port });
      {
        using client = await openTunnel(program.address, "/websockify?token=one");
        await client.message();
        const { rows } = await reportThat(program, "it", ({ rows }) => rows.length === 1);
        assert.deepEqual(
          rows.map(({ route, backend, state, load }) => ({ route, backend, state, load })),
          [{ route: "/websockify", backend: `127.0.0.1:${port}`, state: "up", load: 1 }],
        );
      }
      await program.entry("target is up again");
      await reportThat(program, "nothing", ({ rows }) => rows.length === 0);
      assert.equal(program.entries("target is down").length, 1);
      assert.equal(program.entries("request refused").length, 0);
    });
  },
);

testEngines(
  "100,000 tokens are read while others are served, and each is found",
  async (engine) => {
    await using backend = named("found");
    await inFolder(async (folder) => {
      const lines = (mark: string) =>
        Array.from({ length: 100_000 }, (_, at) => `token-${mark}-${at}: ${backend.address}\n`)
          .join("");
      const path = `${folder}/tokens`;
      await Deno.writeTextFile(path, lines("a"));
      await using program = await startWithFile(config(engine, `file = "${path}"`));
      assert.equal((await program.entry("targets read"))["tokens"], 100_000);
      assert.equal(await nameAt(program, "/websockify?token=token-a-99999"), "found");
      await replaceFile(path, lines("b"));
      // Answered as usual while it is read again.
      while (program.entries("targets read").length < 2) {
        assert.equal((await answerOf(program, "/nowhere")).status, 404);
      }
      assert.equal(await nameAt(program, "/websockify?token=token-b-0"), "found");
      assert.equal((await answerOf(program, "/websockify?token=token-a-0")).status, 403);
    });
  },
);

testEngines(
  "the name of the host that is asked for may be the token, as with --host-token",
  async (engine) => {
    await using first = named("first");
    await inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/tokens`, `desk1.example.com: ${first.address}\n`);
      await using program = await startWithFile(
        config(engine, `file = "${folder}/tokens", from = ["host"]`),
      );
      const statusFor = async (Host: string) =>
        (await answerOf(program, "/websockify?token=desk1.example.com", { Host })).status;
      assert.equal(await statusFor("desk1.example.com"), 101);
      assert.equal(await statusFor("DESK1.example.com:8080"), 101);
      assert.equal(await statusFor("desk2.example.com"), 403);
    });
  },
);
