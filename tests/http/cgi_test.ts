import assert from "node:assert/strict";
import { CGI_NAMES, cgiVariables, type ToldRequest } from "../../lib/http/cgi.ts";
import { PEER } from "../backend/setting.ts";

const HEADERS = {
  host: "desk.example:8443",
  origin: "https://desk.example",
  "user-agent": "a browser/1.0",
  "accept-language": "de, en;q=0.5",
  authorization: "Bearer s3cret",
  "proxy-authorization": "Basic s3cret",
  cookie: "session=s3cret",
  "sec-websocket-key": "s3cret",
  "sec-websocket-protocol": "bearer.s3cret",
  "x-forwarded-for": "198.51.100.9",
  "proxy": "http://198.51.100.9",
  "x-api-key": "s3cret",
  "referer": "https://desk.example/?token=s3cret",
};

function told(change: Partial<ToldRequest> = {}, target = "/desk/7?a=1&token=s3cret&b=2") {
  const head = { method: "GET", target, version: "1.1" as const, headers: new Headers(HEADERS) };
  return cgiVariables({ head, peer: PEER, user: "anna", secrets: ["token"], ...change });
}

Deno.test("`cgiVariables()` tells of a request what its client may be asked, and no secret", () => {
  const variables = told();
  assert.deepEqual(variables, {
    REMOTE_ADDR: "192.0.2.7",
    REMOTE_PORT: "7",
    REMOTE_USER: "anna",
    REQUEST_METHOD: "GET",
    REQUEST_URI: "/desk/7?a=1&b=2",
    QUERY_STRING: "a=1&b=2",
    SERVER_NAME: "desk.example",
    SERVER_PORT: "8080",
    SERVER_PROTOCOL: "HTTP/1.1",
    HTTP_HOST: "desk.example:8443",
    HTTP_ORIGIN: "https://desk.example",
    HTTP_USER_AGENT: "a browser/1.0",
    HTTP_ACCEPT_LANGUAGE: "de, en;q=0.5",
  });
  assert.doesNotMatch(JSON.stringify(variables), /s3cret|198\.51/);
});

Deno.test("`cgiVariables()` leaves out what isn't known", () => {
  const local = { transport: "unix", path: "/run/x.sock" } as const;
  const peer = { ...PEER, address: "unix", port: null, name: "unix", local };
  const head = { method: "GET", target: "/", version: null, headers: new Headers() };
  const bare = { REQUEST_METHOD: "GET", REQUEST_URI: "/", QUERY_STRING: "", SERVER_NAME: "" };
  const unix = { ...bare, REMOTE_ADDR: "unix", SERVER_PROTOCOL: "HTTP/1.1" };
  assert.deepEqual(told({ head, peer, user: null }), { ...unix, SERVER_PORT: "80" });
  const secure = { ...unix, SERVER_PORT: "443", HTTPS: "on" };
  assert.deepEqual(told({ head, peer: { ...peer, secure: true }, user: null }), secure);
  const all = new Set([...Object.keys(told()), ...Object.keys(secure)]);
  assert.deepEqual([...all].sort(), [...CGI_NAMES].sort());
});

for (
  const [host, name, port] of [
    ["desk.example", "desk.example", "80"],
    ["desk.example:", "desk.example", "80"],
    ["[::1]", "[::1]", "80"],
    ["[::1]:99", "[::1]", "99"],
    ["192.0.2.1:8", "192.0.2.1", "8"],
  ] as const
) {
  Deno.test(`\`cgiVariables()\` of Host: ${host}, asked by a socket's file, has ${name} and ${port}`, () => {
    const peer = { ...PEER, local: { transport: "unix", path: "/x" } as const };
    const head = { method: "GET", target: "/", version: null, headers: new Headers({ host }) };
    const { SERVER_NAME, SERVER_PORT } = told({ head, peer });
    assert.deepEqual([SERVER_NAME, SERVER_PORT], [name, port]);
  });
}

Deno.test("`cgiVariables()` has no control characters, and bounds what a client says", () => {
  const headers = {
    get: (name: string) =>
      name === "user-agent" ? "a\r\nb\0c\x1b[1m\x85\td" + "x".repeat(5000) : null,
  };
  const target = "/?" + "y".repeat(20_000);
  const head = { method: "GET", target, version: "1.1" as const, headers };
  const variables = told({ head, user: "ann\na" });
  assert.equal(variables["HTTP_USER_AGENT"]!.slice(0, 15), "a??b?c?[1m??dxx");
  assert.equal(variables["HTTP_USER_AGENT"]!.length, 1024);
  assert.equal(variables["REMOTE_USER"], "ann?a");
  assert.equal(variables["REQUEST_URI"]!.length, 8192);
  assert.equal(variables["QUERY_STRING"]!.length, 8190);
  for (const value of Object.values(variables)) assert.doesNotMatch(value, /\p{Cc}/u);
});
