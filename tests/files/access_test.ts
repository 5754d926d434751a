/** Whose files are sent to whom: routes and their own folders, who may come in, limits. */
import assert from "node:assert/strict";
import { testEngines } from "../e2e/engine_limits.ts";
import { hostLines } from "../e2e/whole.ts";
import { eventually } from "../support/eventually.ts";
import { tokenLine } from "../support/auth_files.ts";
import { echo, serveBackend } from "../support/backends.ts";
import { openRaw, openTunnel } from "../support/raw_client.ts";
import { makeSecret } from "../support/secrets.ts";
import { ask, askOn, PAGE, request, serving } from "./serving.ts";

testEngines(
  "files and tunnels share paths: what asks for a WebSocket goes to its route",
  async (engine) => {
    await using backend = serveBackend(echo);
    const rest = `[[wstunnel.server."/ws"]]\n${hostLines(backend.address)}\n`;
    await serving(engine, { rest }, async ({ program }) => {
      assert.equal((await ask(program, "/ws")).body, "a file");
      using tunnel = await openTunnel(program.address, "/ws");
      assert.equal((await tunnel.close(1000)).code, 1000);
      // One that a proxy has taken its words from is told so, and gets no file.
      const upgrade = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: a"];
      for (const lines of [upgrade.slice(0, 1), upgrade.slice(1)]) {
        const { status, headers } = await ask(program, "/ws", lines);
        assert.deepEqual([status, headers.get("upgrade")], [426, "websocket"], lines.join());
      }
      await assert.rejects(openTunnel(program.address, "/index.html"), /refused: 404/);
      assert.equal((await ask(program, "/healthz")).body, "ok\n");
    }, (root) => {
      Deno.writeTextFileSync(`${root}/ws`, "a file");
      Deno.writeTextFileSync(`${root}/healthz`, "no");
    });
  },
);

testEngines(
  "a route has files of its own, by what follows its key, and needs no backend",
  async (engine) => {
    await using backend = serveBackend(echo);
    const rest = (own: string) => `
[wstunnel.server."/own"]
web = "${own}"
[wstunnel.server."/both/"]
web = { root = "${own}", index = "a.txt" }
${hostLines(backend.address)}
[wstunnel.server."/tunnel"]
${hostLines(backend.address)}
`;
    const make = (root: string, outside: string) => {
      Deno.writeTextFileSync(`${outside}/a.txt`, "own");
      Deno.mkdirSync(`${root}/tunnel`);
      Deno.writeTextFileSync(`${root}/tunnel/index.html`, "for all");
      Deno.writeTextFileSync(`${root}/ownish`, "for all");
    };
    const here = await Deno.makeTempDir();
    try {
      Deno.writeTextFileSync(`${here}/a.txt`, "own");
      await serving(engine, { rest: rest(here) }, async ({ program }) => {
        const cases: [target: string, status: number, body: string | null][] = [
          ["/", 200, PAGE],
          ["/own/a.txt", 200, "own"],
          ["/own/none", 404, null],
          ["/own/", 404, null],
          ["/own", 301, null],
          ["/both/", 200, "own"],
          ["/both/a.txt", 200, "own"],
          ["/tunnel/", 200, "for all"],
          // A key is a prefix of paths, not of names.
          ["/ownish", 404, null],
          ["/own/../index.html", 400, null],
        ];
        for (const [target, status, body] of cases) {
          const answered = await ask(program, target);
          assert.equal(answered.status, status, target);
          if (body !== null) assert.equal(answered.body, body, target);
        }
        assert.equal((await ask(program, "/own?a")).headers.get("location"), "/own/?a");
        await assert.rejects(openTunnel(program.address, "/own/"), /refused: 404 no WebSocket/);
        for (const target of ["/both/x", "/tunnel"]) {
          using tunnel = await openTunnel(program.address, target);
          await tunnel.close(1000);
        }
        const routes = () => program.entries("file asked for").map(({ route }) => route);
        await eventually("a line of each route", () => new Set(routes()).size === 4);
        assert.deepEqual(new Set(routes()), new Set([undefined, "/own", "/both/", "/tunnel"]));
      }, make);
    } finally {
      await Deno.remove(here, { recursive: true });
    }
  },
);

testEngines(
  "who may have files is said by their own table, or else by their route, or else for all",
  async (engine) => {
    const [tokens, others] = [makeSecret("a token"), makeSecret("another token")];
    const folder = await Deno.makeTempDir();
    const write = (name: string, token: string) => {
      Deno.writeTextFileSync(`${folder}/${name}`, tokenLine(name, token), { mode: 0o600 });
      return `{ token = "${folder}/${name}" }`;
    };
    const [all, own] = [write("all", tokens), write("own", others)];
    const rest = `
[wstunnel]
auth = ${all}
[wstunnel.server."/own"]
auth = ${own}
port = 1
[wstunnel.server."/open"]
auth = {}
port = 1
[wstunnel.server."/web"]
web = { root = "${folder}", auth = {} }
`;
    const make = (root: string) => {
      for (const name of ["own", "open"]) Deno.writeTextFileSync(`${root}/${name}`, name);
      Deno.writeTextFileSync(`${folder}/file`, "file");
    };
    const bearer = (token: string) => [`Authorization: Bearer ${token}`];
    const statuses = async (
      program: { readonly address: string },
      target: string,
    ) => {
      const asked = [[], bearer(tokens), bearer(others)].map((lines) =>
        ask(program, target, lines)
      );
      return (await Promise.all(asked)).map(({ status }) => status);
    };
    try {
      await serving(engine, { rest }, async ({ program }) => {
        assert.deepEqual(await statuses(program, "/"), [401, 200, 401]);
        assert.deepEqual(await statuses(program, "/own"), [401, 401, 200]);
        assert.deepEqual(await statuses(program, "/open"), [200, 200, 200]);
        assert.deepEqual(await statuses(program, "/web/file"), [200, 200, 200]);
        // What is not there nobody is told without a token.
        assert.deepEqual(await statuses(program, "/none"), [401, 404, 401]);
        const { headers } = await ask(program, "/");
        assert.match(headers.get("www-authenticate")!, /^Bearer realm=/);
        const users = () => program.entries("file asked for").map(({ user }) => user);
        await eventually("lines of both", () => users().includes("all") && users().includes("own"));
        // A kept connection is asked again.
        using client = await openRaw(program.address);
        assert.equal((await askOn(client, request("/", bearer(tokens)))).status, 200);
        assert.equal((await askOn(client, request("/"))).status, 401);
      }, make);
      await serving(engine, { rest, web: "auth = {}" }, async ({ program }) => {
        assert.deepEqual(await statuses(program, "/"), [200, 200, 200]);
        assert.deepEqual(await statuses(program, "/own"), [200, 200, 200]);
      }, make);
      await serving(engine, { rest, web: `auth = ${own}` }, async ({ program }) => {
        assert.deepEqual(await statuses(program, "/"), [401, 401, 200]);
        assert.deepEqual(await statuses(program, "/open"), [401, 401, 200]);
      }, make);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

testEngines("whose address may not come in gets no files either", async (engine) => {
  const top = 'trusted-proxies = ["127.0.0.1"]';
  const rest = `
[wstunnel]
deny-clients = ["192.0.2.0/24"]
[wstunnel.server."/ws"]
deny-clients = ["198.51.100.0/24"]
port = 1
`;
  await serving(engine, { top, rest }, async ({ program }) => {
    const cases: [client: string, target: string, status: number][] = [
      ["192.0.2.1", "/", 403],
      ["192.0.2.1", "/ws", 200],
      ["198.51.100.1", "/", 200],
      ["198.51.100.1", "/ws", 403],
      ["192.0.2.1", "/healthz", 200],
    ];
    for (const [client, target, status] of cases) {
      const answered = await ask(program, target, [`X-Forwarded-For: ${client}`]);
      assert.equal(answered.status, status, `${client} ${target}`);
    }
  }, (root) => Deno.writeTextFileSync(`${root}/ws`, "a file"));
});
