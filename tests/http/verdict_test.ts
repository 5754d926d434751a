import assert from "node:assert/strict";
import { compileOrigins } from "../../lib/http/origin.ts";
import { compileRoutes } from "../../lib/http/route.ts";
import { decide, type RouteRules } from "../../lib/http/verdict.ts";
import {
  type Change,
  CLIENT,
  EVERYBODY,
  head,
  networks,
  ROUTES,
  RULES,
  TUNNELS,
} from "./verdict_rules.ts";

const UPGRADE = { "upgrade": "websocket" };
const VERSION = { ...UPGRADE, "sec-websocket-version": "13" };

/** Every refusal in the ladder's order: each is met before the ones below it. */
const LADDER: readonly (readonly [
  what: string,
  change: Change,
  status: number,
  headers: Readonly<Record<string, string>>,
  reason: string,
])[] = [
  ["no Host", { headers: { host: null } }, 400, {}, "the Host header is missing"],
  ["a Host that is none", { headers: { host: "a b@c/" } }, 400, {}, "the Host header is no host"],
  [
    "a path that readers differ on",
    { target: "/vnc/..\\ssh" },
    400,
    {},
    "the path has a backslash",
  ],
  ["no route", { target: "/other" }, 404, {}, "nothing is served at this path"],
  [
    "another method",
    { method: "POST" },
    426,
    UPGRADE,
    "a WebSocket opens with GET, not POST",
  ],
  [
    "HTTP/1.0",
    { version: "1.0" },
    426,
    UPGRADE,
    "a WebSocket opens with HTTP/1.1, not HTTP/1.0",
  ],
  [
    "no Upgrade",
    { headers: { upgrade: null } },
    426,
    UPGRADE,
    "this path serves WebSockets only: send Upgrade: websocket",
  ],
  [
    "no Connection",
    { headers: { connection: null } },
    426,
    UPGRADE,
    "the Connection header must contain upgrade; does a proxy in between take it out?",
  ],
  [
    "no Origin",
    { headers: { origin: null } },
    400,
    {},
    "the Origin header is missing, and origins are checked",
  ],
  [
    "a foreign Origin",
    { headers: { origin: "https://evil.com" } },
    403,
    {},
    "this origin is not admitted",
  ],
  [
    "no version",
    { headers: { "sec-websocket-version": null } },
    426,
    VERSION,
    "the Sec-WebSocket-Version header is missing: it must be 13",
  ],
  [
    "another version",
    { headers: { "sec-websocket-version": "8" } },
    426,
    VERSION,
    "only version 13 of the WebSocket protocol is spoken here",
  ],
  [
    "no key",
    { headers: { "sec-websocket-key": null } },
    400,
    {},
    "the Sec-WebSocket-Key header is missing",
  ],
  [
    "a bad key",
    { headers: { "sec-websocket-key": "dGhl" } },
    400,
    {},
    "Sec-WebSocket-Key must be the base64 form of 16 bytes",
  ],
];

function refusal(change: Change) {
  const verdict = decide(head(change), CLIENT, RULES);
  assert("refuse" in verdict);
  return verdict.refuse;
}

for (const [what, change, status, headers, reason] of LADDER) {
  Deno.test(`\`decide()\` refuses ${what} with ${status}`, () => {
    assert.deepEqual(refusal(change), {
      status,
      headers: { "content-type": "text/plain; charset=utf-8", ...headers },
      body: reason + "\n",
    });
  });
}

Deno.test("`decide()` names the first of two things that are wrong, in the ladder's order", () => {
  for (const [upper, [what, change, status, , reason]] of LADDER.entries()) {
    for (const [other, below] of LADDER.slice(upper + 1)) {
      // By HTTP/1.0 no Host is asked for.
      if (what === "no Host" && below.version === "1.0") continue;
      // What the upper one changes stands.
      const headers = { ...below.headers, ...change.headers };
      const both = refusal({ ...below, ...change, headers });
      const names = `${what}, ${other}`;
      assert.equal(both.status, status, names);
      assert.equal(both.body, reason + "\n", names);
    }
  }
});

const REFUSED: readonly (readonly [what: string, change: Change, status: number])[] = [
  ["an empty Host", { headers: { host: "" } }, 400],
  ["HEAD", { method: "HEAD" }, 426],
  ["a method in lower case", { method: "get" }, 426],
  ["Upgrade to something else", { headers: { upgrade: "h2c" } }, 426],
  ["Upgrade to a version of it", { headers: { upgrade: "websocket/13" } }, 426],
  ["Upgrade behind a space that is none", { headers: { upgrade: "\xa0websocket" } }, 426],
  ["Connection without the token", { headers: { connection: "keep-alive" } }, 426],
  ["an empty Origin", { headers: { origin: "" } }, 403],
  ["an opaque Origin", { headers: { origin: "null" } }, 403],
  ["a repeated version", { headers: { "sec-websocket-version": "13, 13" } }, 426],
  ["a version with a zero in front", { headers: { "sec-websocket-version": "013" } }, 426],
  ["an empty version", { headers: { "sec-websocket-version": "" } }, 426],
  ["an empty key", { headers: { "sec-websocket-key": "" } }, 400],
  ["the asterisk form", { target: "*" }, 400],
  ["a path that leaves the route", { target: "/vnc/../etc" }, 400],
];

for (const [what, change, status] of REFUSED) {
  Deno.test(`\`decide()\` refuses ${what} with ${status}, too`, () => {
    assert.equal(refusal(change).status, status);
  });
}

Deno.test("`decide()` accepts a good head and says what was asked for", () => {
  assert.deepEqual(decide(head(), CLIENT, RULES), {
    accept: {
      protocol: null,
      encoding: "text",
      declined: null,
      key: "/vnc",
      pingIntervalMs: 0,
      path: "/vnc",
      authority: "tunnel.example.com:8080",
      origin: "https://example.com",
      instead: null,
    },
  });
});

Deno.test("`decide()` accepts a head of which the version isn't known, any case of the tokens, a mapped suffix", () => {
  const verdict = decide(
    head({
      version: null,
      target: "/a.console",
      headers: {
        upgrade: "h2c, WebSocket",
        connection: "UPGRADE",
        "sec-websocket-protocol": "mqtt, base64",
      },
    }),
    CLIENT,
    RULES,
  );
  assert("accept" in verdict);
  assert.equal(verdict.accept.key, ".sock");
  assert.equal(verdict.accept.protocol, "base64");
  assert.equal(verdict.accept.encoding, "base64");
});

const ASKED: readonly (readonly [what: string, change: Change, status: number])[] = [
  ["no Host by HTTP/1.0", { version: "1.0", headers: { host: null } }, 426],
  ["an empty Host by HTTP/1.0", { version: "1.0", headers: { host: "" } }, 426],
  ["a Host that is none by HTTP/1.0", { version: "1.0", headers: { host: "a b" } }, 400],
  ["no Host, no upgrade, no version", {
    version: null,
    headers: { host: null, upgrade: null },
  }, 426],
  ["no Host by a version that isn't known", { version: null, headers: { host: null } }, 400],
  ["a health path without Host by HTTP/1.1", {
    target: "/healthz",
    headers: { host: null, upgrade: null },
  }, 400],
  ["a health path by HTTP/1.0", {
    target: "/healthz",
    version: "1.0",
    headers: { host: null, upgrade: null },
  }, 200],
  ["a health path where no origin is sent", {
    target: "/healthz",
    headers: { origin: null, upgrade: null },
  }, 200],
];

for (const [what, change, status] of ASKED) {
  Deno.test(`\`decide()\` answers ${what} with ${status}`, () => {
    const verdict = decide(head(change), CLIENT, RULES);
    if ("accept" in verdict) assert.fail("accepted");
    assert.ok(!("files" in verdict));
    assert.equal("health" in verdict ? verdict.health.status : verdict.refuse.status, status);
    assert.equal("health" in verdict, status === 200);
  });
}

Deno.test("`decide()` gives the canonical path, however it is written", () => {
  for (const target of ["/vnc", "//vnc", "/%76nc?a", "///v%6ec?"]) {
    const verdict = decide(head({ target }), CLIENT, RULES);
    assert("accept" in verdict);
    assert.equal(verdict.accept.path, "/vnc", target);
  }
});

Deno.test("`decide()` asks for no Origin when none are checked, and passes on what it gets", () => {
  for (const origin of [null, "null", "https://evil.com"]) {
    const verdict = decide(head({ headers: { origin } }), CLIENT, {
      ...RULES,
      table: compileRoutes(ROUTES.map((route) => ({ ...route, origins: [] })), {}),
    });
    assert("accept" in verdict);
    assert.equal(verdict.accept.origin, origin);
  }
});

Deno.test("`decide()` goes by what the chosen route says, not by what its neighbours say", () => {
  const routes: RouteRules[] = [
    {
      key: "/binary",
      origins: [],
      subprotocols: ["a"],
      auth: null,
      frameType: "binary",
      pingIntervalMs: 5,
      ...TUNNELS,
      ...EVERYBODY,
    },
    {
      key: "/text",
      origins: compileOrigins(["example.com"]),
      subprotocols: ["b"],
      auth: null,
      frameType: "text",
      pingIntervalMs: 7,
      ...TUNNELS,
      ...EVERYBODY,
    },
  ];
  const ask = (target: string, origin: string) => {
    const headers = { origin, "sec-websocket-protocol": "a, b" };
    const verdict = decide(head({ target, headers }), CLIENT, {
      ...RULES,
      table: compileRoutes(routes, {}),
    });
    if ("refuse" in verdict) return verdict.refuse.status;
    assert("accept" in verdict);
    const { key, encoding, protocol, pingIntervalMs } = verdict.accept;
    return [key, encoding, protocol, pingIntervalMs];
  };
  assert.deepEqual(ask("/binary", "https://evil.com"), ["/binary", "binary", "a", 5]);
  assert.deepEqual(ask("/text", "https://example.com"), ["/text", "text", "b", 7]);
  assert.equal(ask("/text", "https://evil.com"), 403);
});

for (
  const [what, allowed, denied, client, isAdmitted] of [
    ["nobody named", [], [], CLIENT, true],
    ["a network that is allowed", ["192.0.2.0/24"], [], CLIENT, true],
    ["a network of others", ["198.51.100.0/24"], [], CLIENT, false],
    ["a network that is denied", [], ["192.0.2.0/24"], CLIENT, false],
    ["others denied", [], ["198.51.100.0/24"], CLIENT, true],
    ["one denied of those allowed", ["192.0.2.0/24"], ["192.0.2.1"], CLIENT, false],
    ["one allowed of those denied", ["192.0.2.1"], ["192.0.2.0/24"], CLIENT, false],
    ["a socket that is allowed", ["unix"], [], "unix", true],
    ["addresses allowed, for a socket", ["0.0.0.0/0", "::/0"], [], "unix", false],
    ["IPv6 allowed", ["2001:db8::/32"], [], "2001:db8::7", true],
    ["IPv4 allowed, for IPv6", ["0.0.0.0/0"], [], "2001:db8::7", false],
  ] as const
) {
  Deno.test(`\`decide()\` ${isAdmitted ? "admits" : "denies"} ${client} with ${what}`, () => {
    const route = {
      ...ROUTES[0]!,
      allowClients: networks(...allowed),
      denyClients: networks(...denied),
    };
    const rules = { ...RULES, table: compileRoutes([route], {}) };
    const verdict = decide(head(), client, rules);
    if (isAdmitted) return assert("accept" in verdict);
    assert("refuse" in verdict);
    assert.equal(verdict.refuse.status, 403);
    assert.equal(verdict.denied, "/vnc");
    // It is the first to be said where a key matches, and health is told to everybody.
    const plain = head({ headers: { upgrade: null, origin: null } });
    const refused = decide(plain, client, rules);
    assert.equal("refuse" in refused && refused.refuse.status, 403);
    assert("health" in decide({ ...plain, target: "/healthz" }, client, rules));
    const elsewhere = decide(head({ target: "/other" }), client, rules);
    assert.equal("refuse" in elsewhere && elsewhere.refuse.status, 404);
  });
}

Deno.test("`decide()` has who asks for no tunnel asked first who he is, where a route is not for everybody", () => {
  const table = compileRoutes(ROUTES.map((route) => ({ ...route, auth: {} })), {});
  const rules = { table, healthPath: null, web: null };
  // A page comes with no Origin.
  const page = { method: "GET", target: "/vnc", version: "1.1" as const };
  const headers = new Headers({ host: "example.com" });
  const verdict = decide({ ...page, headers }, CLIENT, rules);
  assert("accept" in verdict);
  assert.equal(verdict.accept.instead?.status, 426);
  // What asks for a tunnel is refused by the rules before anybody is asked.
  const foreign = decide(head({ headers: { origin: "https://evil.example" } }), CLIENT, rules);
  assert.equal("refuse" in foreign && foreign.refuse.status, 403);
  const good = decide(head(), CLIENT, rules);
  assert.equal("accept" in good && good.accept.instead, null);
});
