import assert from "node:assert/strict";
import { answerHealth, healthPathBeside } from "../../lib/http/health.ts";
import { compileRoutes } from "../../lib/http/route.ts";

/** A request's method, path and Upgrade; the health path; whether it is answered. */
const QUESTIONS: readonly (readonly [
  method: string,
  path: string,
  upgrade: string | null,
  healthPath: string | null,
  answered: boolean,
])[] = [
  ["GET", "/healthz", null, "/healthz", true],
  ["HEAD", "/healthz", null, "/healthz", true],
  ["OPTIONS", "/healthz", null, "/healthz", true],
  ["OPTIONS", "/", null, "/healthz", true],
  ["GET", "/healthz", "h2c", "/healthz", true],
  ["GET", "/healthz", "WebSocket", "/healthz", false],
  ["GET", "/healthz", "h2c, websocket", "/healthz", false],
  ["OPTIONS", "/", "websocket", "/healthz", false],
  ["GET", "/", null, "/healthz", false],
  ["GET", "/healthz/", null, "/healthz", false],
  ["GET", "/healthz1", null, "/healthz", false],
  ["GET", "/HEALTHZ", null, "/healthz", false],
  ["POST", "/healthz", null, "/healthz", false],
  ["get", "/healthz", null, "/healthz", false],
  ["GET", "/healthz", null, null, false],
  ["OPTIONS", "/", null, null, false],
  ["GET", "/", null, "/", true],
];

for (const [method, path, upgrade, healthPath, answered] of QUESTIONS) {
  const request = `${method} ${path}${upgrade === null ? "" : ` to ${upgrade}`}`;
  Deno.test(`\`answerHealth()\` says ${answered} to ${request} beside ${healthPath}`, () => {
    const headers = new Headers(upgrade === null ? {} : { upgrade });
    const head = { method, target: path, version: "1.1", headers } as const;
    const given = answerHealth(head, path, healthPath);
    assert.equal(given !== null, answered);
    if (given === null) return;
    assert.deepEqual([given.status, given.body], [200, "ok\n"]);
    assert.equal(given.headers["allow"], method === "OPTIONS" ? "GET, HEAD, OPTIONS" : undefined);
  });
}

Deno.test("`healthPathBeside()` leaves a key its path, and the others what they refuse", () => {
  const beside = (...keys: string[]) =>
    healthPathBeside("/healthz", compileRoutes(keys.map((key) => ({ key })), {}));
  assert.equal(beside("/healthz"), null);
  assert.equal(beside("/a", "//health%7a"), null);
  for (const key of ["/", "/health", "/healthz/", "/healthz1", "healthz", "z"]) {
    assert.equal(beside(key), "/healthz", key);
  }
  assert.equal(healthPathBeside("", compileRoutes([{ key: "/" }], {})), null);
});
