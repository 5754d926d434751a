/** The admin listener as a client sees it: its paths, whom it refuses, and what it makes of what is no request. */
import assert from "node:assert/strict";
import { chooseEngine } from "../../lib/control/engine_choice.ts";
import { echo, serveBackend } from "../support/backends.ts";
import { installed } from "../support/installed.ts";
import { openTunnel } from "../support/raw_client.ts";
import { assertNoSecret } from "../support/secrets.ts";
import { type Administered, ask, askRaw, leadingTo, startAdministered } from "./asking.ts";

const CURL = installed("curl");
if (CURL === null) throw new Error("curl isn't installed");

async function curl(...args: readonly string[]): Promise<string> {
  const { stdout } = await new Deno.Command(CURL!, {
    args: ["--silent", "--max-time", "20", "--include", ...args],
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertNoSecret("what curl got", text);
  return text;
}

async function withAdmin(
  by: "tcp" | "unix",
  body: (administered: Administered) => Promise<void>,
): Promise<void> {
  await using backend = serveBackend(echo);
  await using administered = await startAdministered({ by, text: leadingTo([backend.address]) });
  await body(administered);
}

/** What every answer says. */
function assertGuarded(headers: Headers): void {
  assert.match(headers.get("cache-control")!, /^no-store\b/);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
  assert.equal(headers.get("access-control-allow-origin"), null);
}

for (const by of ["tcp", "unix"] as const) {
  Deno.test(`${by}: curl is answered at every path`, () =>
    withAdmin(by, async ({ at, program, token }) => {
      const url = by === "tcp" ? `http://${at}` : "http://localhost";
      const args = by === "tcp" ? [] : ["--unix-socket", at.slice("unix:".length)];
      const proof = by === "tcp" ? ["--header", `Authorization: Bearer ${token}`] : [];
      const get = (path: string) => curl(...args, url + path);
      const post = (path: string, body = "") =>
        curl(...args, ...proof, "--request", "POST", "--data", body, url + path);
      using client = await openTunnel(program.address);

      assert.match(await get("/healthz"), /^HTTP\/1\.1 200 [^]*\r\n\r\nok\n$/);
      assert.match(await get("/readyz"), /^HTTP\/1\.1 200 [^]*\r\n\r\nok\n$/);
      assert.match(await get("/"), /^HTTP\/1\.1 200 [^]*<html/);
      const status = JSON.parse((await get("/api/status")).split("\r\n\r\n")[1]!);
      assert.equal(status.phase, "serving");
      assert.equal(status.pid, program.pid);
      assert(status.started <= Date.now() && status.started > Date.now() - 60_000);
      assert.deepEqual(status.listeners, [
        { address: program.address, engine: chooseEngine("auto").engine, tls: false },
      ]);
      assert.match(await get("/api/tunnels"), /"tunnels":\[\{"id":1,/);
      const backends = JSON.parse((await get("/api/backends")).split("\r\n\r\n")[1]!);
      const [{ backend, state, drained, load }] = backends.backends;
      assert.deepEqual([state, drained, load], ["up", false, 1]);
      assert.match(await get("/api/config"), /"frame-type":"binary"/);
      assert.match(await post("/api/backends/drain", JSON.stringify({ backend })), /"changed":1/);
      assert.match(await post("/api/backends/enable", JSON.stringify({ backend })), /"changed":1/);
      assert.match(await post("/api/reload"), /^HTTP\/1\.1 200 [^]*"changes":/);
      assert.match(
        await curl(...args, ...proof, "--request", "DELETE", `${url}/api/tunnels/1`),
        /^HTTP\/1\.1 204 /,
      );
      assert.deepEqual(await client.closed(), { code: 1001, reason: "ended by the operator" });
    }));

  Deno.test(`${by}: other paths and methods are refused, in words, as JSON`, () =>
    withAdmin(by, async ({ at, shown }) => {
      const fields = by === "tcp" ? shown : {};
      const cases: readonly [method: string, path: string, status: number, allow?: string][] = [
        ["GET", "/nothing", 404],
        ["GET", "/api", 404],
        ["GET", "/api/", 404],
        ["GET", "/api/tunnels/", 404],
        ["GET", "/api/tunnels/*/x", 404],
        ["GET", "/api/toString", 404],
        ["GET", "/__proto__", 404],
        ["GET", "/healthz/", 404],
        ["DELETE", "/api/tunnels/7", 404],
        ["DELETE", "/api/tunnels/1e0", 404],
        ["DELETE", "/api/tunnels/%C3%A4", 404],
        ["GET", "/api/../healthz", 400],
        ["GET", "/api/%2e%2e/healthz", 400],
        ["GET", "/api%2fstatus", 400],
        ["GET", "/healthz%00", 400],
        ["GET", "/healthz%", 400],
        ["POST", "/healthz", 405, "GET, HEAD"],
        ["DELETE", "/api/tunnels", 405, "GET, HEAD"],
        ["GET", "/api/tunnels/7", 405, "DELETE"],
        ["GET", "/api/reload", 405, "POST"],
        ["OPTIONS", "/api/reload", 405, "POST"],
        ["PUT", "/api/backends/drain", 405, "POST"],
        ["TRACE", "/api/status", 405, "GET, HEAD"],
        ["toString", "/api/status", 405, "GET, HEAD"],
        ["POST", "/api/backends/drain", 400],
      ];
      for (const [method, path, status, allow] of cases) {
        const answered = await ask(at, path, { method, fields });
        assert.equal(answered.status, status, `${method} ${path}`);
        assert.equal(typeof answered.json.error, "string", `${method} ${path}`);
        assert.equal(answered.headers.get("allow"), allow ?? null, `${method} ${path}`);
        assertGuarded(answered.headers);
      }
      // A path is the same however it is escaped.
      assert.equal((await ask(at, "/%68ealthz?x=/../y")).status, 200);
    }));
}

Deno.test("HEAD is answered as GET is, without a body", () =>
  withAdmin("tcp", async ({ ask }) => {
    for (const path of ["/", "/healthz", "/api/status", "/api/events"]) {
      const { status, text, headers } = await ask(path, { method: "HEAD" });
      assert.equal(status, 200, path);
      assert.equal(text, "", path);
      assertGuarded(headers);
    }
  }));

Deno.test("a body that asks for nothing that can be done is refused in words", () =>
  withAdmin("tcp", async ({ at, shown }) => {
    const bodies: readonly [body: string, error: RegExp, status?: number][] = [
      ["", /must be JSON, such as \{"backend":/],
      ["{", /must be JSON/],
      ["[]", /must be an object/],
      ["null", /must be an object/],
      ['{"backend": 1}', /must be \{"backend":/],
      ['{"route": "/"}', /must be \{"backend":/],
      ['{"backend": "a", "route": null}', /must be \{"backend":/],
      ['{"backend": "a", "host": "b"}', /must be \{"backend":/],
      [`{"backend": "${"a".repeat(70_000)}"}`, /at most 65536 bytes/, 413],
    ];
    for (const [body, error, wanted = 400] of bodies) {
      const { status, json } = await ask(at, "/api/backends/drain", {
        method: "POST",
        fields: shown,
        body,
      });
      assert.equal(status, wanted, body.slice(0, 40));
      assert.match(json.error, error);
    }
    const stranger = { method: "POST", fields: shown, body: '{"backend": "127.0.0.1:1"}' };
    assert.equal((await ask(at, "/api/backends/drain", stranger)).status, 404);
  }));

Deno.test("a page that came by another name, or is of another origin, gets nothing", () =>
  withAdmin("tcp", async ({ at, shown, program }) => {
    using _client = await openTunnel(program.address);
    const port = at.split(":")[1];
    const refused: readonly [fields: Record<string, string | null>, status: number][] = [
      [{ Host: `rebound.example:${port}` }, 421],
      [{ Host: "127.0.0.1.evil.example" }, 421],
      [{ Origin: "http://evil.example" }, 403],
      [{ Origin: "null" }, 403],
      [{ Origin: `http://localhost:${port}` }, 403],
      [{ "Sec-Fetch-Site": "cross-site" }, 403],
      [{ "Sec-Fetch-Site": "same-site" }, 403],
    ];
    for (const [fields, status] of refused) {
      for (const method of ["GET", "DELETE"]) {
        const path = method === "GET" ? "/api/tunnels" : "/api/tunnels/1";
        const answered = await ask(at, path, { method, fields: { ...shown, ...fields } });
        assert.equal(answered.status, status, `${method} ${JSON.stringify(fields)}`);
        assertGuarded(answered.headers);
      }
    }
    for (const host of [`localhost:${port}`, `[::1]:${port}`, "127.0.0.1"]) {
      assert.equal((await ask(at, "/healthz", { fields: { Host: host } })).status, 200, host);
    }
    const own = { Origin: `http://${at}`, "Sec-Fetch-Site": "same-origin" };
    const ended = await ask(at, "/api/tunnels/1", {
      method: "DELETE",
      fields: { ...shown, ...own },
    });
    assert.equal(ended.status, 204);
  }));

Deno.test("a page that came by another name gets nothing of a socket that ssh has forwarded", () =>
  withAdmin("unix", async ({ at }) => {
    const rebound = { Host: "rebound.example:9090", Origin: "http://rebound.example:9090" };
    const asked = { method: "POST", fields: rebound };
    assert.equal((await ask(at, "/api/reload", asked)).status, 421);
    const own = { Host: "127.0.0.1:9090", Origin: "http://127.0.0.1:9090" };
    assert.equal((await ask(at, "/api/reload", { method: "POST", fields: own })).status, 200);
  }));

Deno.test("whatever changes something needs the token, reading at loopback doesn't", () =>
  withAdmin("tcp", async ({ at, token, shown, folder, program }) => {
    const post = (fields: Record<string, string>) =>
      ask(at, "/api/reload", { method: "POST", fields });
    const wrong: Record<string, string>[] = [
      {},
      { Authorization: "Bearer" },
      { Authorization: `Bearer ${token.slice(1)}` },
      { Authorization: `Bearer ${token}x` },
      { Authorization: token },
      // A browser would send it with whatever a page asks for.
      { Authorization: `Basic ${btoa(`:${token}`)}` },
    ];
    for (const fields of wrong) {
      const { status, headers, json } = await post(fields);
      assert.equal(status, 401);
      assert.equal(headers.get("www-authenticate"), 'Bearer realm="wstunnel"');
      assert.match(json.error, /admin-token-file/);
    }
    const told = await program.entry("admin request refused", wrong.length);
    assert.deepEqual([told["status"], /^admin 127\./.test(String(told["by"]))], [401, true]);
    assert.equal((await post(shown)).status, 200);
    assert.equal((await ask(at, "/api/tunnels")).status, 200);
    assert.equal((await Deno.stat(`${folder}/token`)).mode! & 0o777, 0o600);
  }));

Deno.test("what is no request is answered as such, and the next one is as good", () =>
  withAdmin("tcp", async ({ at, ask: askPath }) => {
    const port = at.split(":")[1];
    const last = "Connection: close\r\n\r\n";
    const requests: readonly [request: string, status: number][] = [
      ["nonsense\r\n\r\n", 400],
      ["\x16\x03\x01\x02\x00\x01\r\n\r\n", 400],
      ["PRI * HTTP/2.0\r\n\r\n", 505],
      [`GET /healthz HTTP/1.1\r\nHost: ${at}\r\nHost: ${at}\r\n${last}`, 400],
      [`GET /healthz HTTP/1.1\r\n${last}`, 421],
      ["GET /healthz HTTP/1.0\r\n\r\n", 421],
      [`GET http://evil.example/healthz HTTP/1.1\r\nHost: ${at}\r\n${last}`, 421],
      [`GET http://${at}/healthz HTTP/1.1\r\nHost: ${at}\r\n${last}`, 200],
      [`CONNECT ${at} HTTP/1.1\r\nHost: ${at}\r\n${last}`, 400],
      [`OPTIONS * HTTP/1.1\r\nHost: localhost:${port}\r\n${last}`, 400],
      [`GET /healthz HTTP/1.1\r\nHost: ${at}\r\nX: ${"x".repeat(20_000)}\r\n${last}`, 431],
      [
        `POST /api/reload HTTP/1.1\r\nHost: ${at}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        411,
      ],
    ];
    for (const [request, status] of requests) {
      assert.equal((await askRaw(at, request)).status, status, request.slice(0, 60));
    }
    assert.equal((await askPath("/healthz")).status, 200);
  }));
