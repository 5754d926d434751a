/** The recipes of the README for what libraries of npm speak, each run as it stands there with a real server. */
import assert from "node:assert/strict";
import { shellWord } from "../../lib/base/shell.ts";
import { freePort } from "../support/backends.ts";
import { installed, startServer } from "../support/installed.ts";
import { npmRunner } from "../support/npm.ts";
import { startPostgres } from "./postgres.ts";
import { fill, recipe } from "./readme.ts";
import { type Shell, testRecipe } from "./shell.ts";

/** Which versions of the libraries, with a lock of their own: nobody else needs them. */
const runner = npmRunner(new URL("./npm/deno.json", import.meta.url).pathname);

/** Characters of one to four bytes. */
const GREETING = "grüße € 😀";

/** Runs a program that imports libraries to its end, as `node` would, and gives what it prints. */
async function runWithLibraries(shell: Shell, name: string, program: string): Promise<string> {
  const words = await runner();
  await Deno.writeTextFile(`${shell.folder}/${name}.mjs`, program);
  const command = [...words, `${name}.mjs`].map(shellWord).join(" ");
  const { code, stdout, stderr } = await shell.run(command);
  assert.deepEqual([code, stderr], [0, ""], stdout);
  return stdout;
}

/** Starts a recipe's server, and its client's side where that is a listener; gives the port of that. */
async function startBothSides(
  shell: Shell,
  heading: string,
  written: string,
  backend: string,
  localPort?: string,
): Promise<string> {
  const server = fill(recipe(heading, "sh", 0), { [written]: backend });
  await shell.start(server, `127.0.0.1:${shell.port}`);
  const local = String(freePort());
  if (localPort !== undefined) {
    const places = { [localPort]: local, "localhost:8080": `localhost:${shell.port}` };
    await shell.start(fill(recipe(heading, "sh", 1), places), `127.0.0.1:${local}`);
  }
  return local;
}

testRecipe(
  "the recipe for PostgreSQL answers psql and pg, also at length",
  ["pg_ctlcluster", "psql"],
  async (shell) => {
    await using postgres = await startPostgres();
    const [written, port] = ["127.0.0.1:5432", "5433"];
    const local = await startBothSides(shell, "PostgreSQL", written, postgres.address, port);
    const client = fill(recipe("PostgreSQL", "sh", 2).trim(), { [port]: local });
    const query = "select n, md5(n::text) from generate_series(1, 40000) n";
    const { code, stdout, stderr } = await shell.run(`${client} -AtX`, `${query};\n`);
    assert.equal(code, 0, stderr);
    const rows = stdout.trimEnd().split("\n");
    assert.equal(rows.length, 40_000);
    assert.equal(rows[41], "42|a1d0c6e83f027327d8461063f4ac58a6");

    const program = fill(recipe("PostgreSQL", "js"), { [port]: local });
    const longer = fill(program, {
      "await client.end();": `const many = await client.query("${query}");
        console.log(many.rows.length, many.rows[41].md5);
        await client.end();`,
    });
    const [time, many] = (await runWithLibraries(shell, "query", longer)).split("\n");
    assert.match(time!, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.equal(many, "40000 a1d0c6e83f027327d8461063f4ac58a6");
  },
);

testRecipe("the recipe for Redis keeps what ioredis sets", ["redis-server"], async (shell) => {
  const redis = `127.0.0.1:${freePort()}`;
  const flags = ["--bind", "127.0.0.1", "--port", redis.split(":")[1]!, "--save", ""];
  await using _redis = await startServer(installed("redis-server")!, flags, redis);
  const local = await startBothSides(shell, "Redis", "127.0.0.1:6379", redis, "6380");
  const program = fill(recipe("Redis", "js"), { "6380": local });
  // A pipeline and a value with every byte, beside what the recipe has.
  const longer = fill(program, {
    "await redis.quit();":
      `const bytes = Buffer.from(Array.from({ length: 1 << 18 }, (_, n) => n * 7));
      await redis.set("bytes", bytes);
      console.log(bytes.equals(await redis.getBuffer("bytes")));
      const pipeline = redis.pipeline();
      for (let n = 0; n < 1000; n++) pipeline.incr("count");
      console.log((await pipeline.exec()).at(-1));
      await redis.quit();`,
  });
  const printed = await runWithLibraries(shell, "greeting", longer);
  assert.equal(printed, "hello\ntrue\n[ null, 1000 ]\n");
});

testRecipe("the recipe for MQTT hears what it publishes", ["mosquitto"], async (shell) => {
  const broker = freePort();
  const config = `${shell.folder}/mosquitto.conf`;
  await Deno.writeTextFile(config, `listener ${broker} 127.0.0.1\nallow_anonymous true\n`);
  const address = `127.0.0.1:${broker}`;
  await using _broker = await startServer(installed("mosquitto")!, ["-c", config], address);
  await startBothSides(shell, "MQTT", "127.0.0.1:1883", address);
  const program = fill(recipe("MQTT", "js"), { "8080": String(shell.port) });
  assert.equal(await runWithLibraries(shell, "greeting", program), "greeting: hello\n");
});

testRecipe(
  "the recipe for IRC has a page and a client by a port talk to each other",
  ["ngircd"],
  async (shell) => {
    const irc = freePort();
    const config = `${shell.folder}/ngircd.conf`;
    await Deno.writeTextFile(
      config,
      `[Global]\nName = irc.example.com\nInfo = a test\nListen = 127.0.0.1\nPorts = ${irc}
AdminInfo1 = none\nAdminInfo2 = none\nAdminEMail = none@example.com
[Options]\nDNS = no\nIdent = no\nPAM = no\n[Limits]\nMaxConnectionsIP = 0\n`,
    );
    const address = `127.0.0.1:${irc}`;
    await using _ngircd = await startServer(installed("ngircd")!, ["-n", "-f", config], address);
    const local = await startBothSides(shell, "IRC", "127.0.0.1:6667", address, "6668");
    const page = fill(recipe("IRC", "js"), { "localhost:8080": `localhost:${shell.port}` }) +
      String.raw`
      const print = irc.onmessage;
      irc.onmessage = (event) => {
        print(event);
        if (!event.data.includes("PRIVMSG #desk :")) return;
        send("PRIVMSG #desk :heard");
        send("QUIT");
      };`;
    const other = `import { Client } from "irc-framework";
      const client = new Client();
      client.connect({ host: "localhost", port: ${local}, nick: "bob", auto_reconnect: false });
      client.on("registered", () => client.join("#desk"));
      // Whoever of the two comes first.
      const greet = (nick) => nick === "ann" && client.say("#desk", "${GREETING}");
      client.on("join", ({ nick }) => greet(nick));
      client.on("userlist", ({ users }) => users.forEach(({ nick }) => greet(nick)));
      client.on("message", ({ nick, target, message }) => {
        if (target !== "#desk") return;
        console.log(nick + ": " + message);
        client.quit();
      });`;
    const [seen, heard] = await Promise.all([
      runWithLibraries(shell, "page", page),
      runWithLibraries(shell, "other", other),
    ]);
    assert.match(seen, new RegExp(`^:bob!\\S+ PRIVMSG #desk :${GREETING}$`, "m"));
    assert.equal(heard, "ann: heard\n");
  },
);
