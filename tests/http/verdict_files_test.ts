/** Who is sent files, and of which folder. */
import assert from "node:assert/strict";
import { compileRoutes } from "../../lib/http/route.ts";
import { decide, type VerdictRules } from "../../lib/http/verdict.ts";
import { type Change, CLIENT, EVERYBODY, head, networks, ROUTES } from "./verdict_rules.ts";

const FOLDER = { index: "index.html", listing: false, headers: {}, writeTimeoutMs: 60_000 };

const FOR_ALL = { config: { ...FOLDER, root: "/all" }, prefix: "", ...EVERYBODY };
const OWN = { config: { ...FOLDER, root: "/own" }, prefix: "/own" };

/** With files for all, and a route that has its own and no backend. */
const WITH_FILES: VerdictRules = {
  table: compileRoutes([...ROUTES, { ...ROUTES[0]!, key: "/own", files: OWN, filesAlone: true }], {
    ".console": ".sock",
  }),
  healthPath: "/healthz",
  web: FOR_ALL,
};

/** What becomes of a request: the status that it is refused with, or whose file it is. */
function outcomeOf(change: Change, rules = WITH_FILES, client = CLIENT): unknown {
  const verdict = decide(head(change), client, rules);
  if ("files" in verdict) {
    const { key, path, config, prefix } = verdict.files;
    return [config.root, prefix, key, path];
  }
  if ("refuse" in verdict) return verdict.refuse.status;
  return "health" in verdict ? "health" : "tunnel";
}

const PLAIN = { upgrade: null, connection: null, "sec-websocket-key": null, origin: null };

Deno.test("`decide()` has files sent to who asks for no tunnel, at every path that has none of its own", () => {
  const cases: [target: string, method: string, outcome: unknown][] = [
    ["/", "GET", ["/all", "", null, "/"]],
    ["/a/b.js?c=/d", "GET", ["/all", "", null, "/a/b.js"]],
    ["/vnc/x", "GET", ["/all", "", "/vnc", "/vnc/x"]],
    ["/x.sock", "HEAD", ["/all", "", ".sock", "/x.sock"]],
    ["/x.console", "GET", ["/all", "", ".sock", "/x.console"]],
    ["/own/x", "GET", ["/own", "/own", "/own", "/own/x"]],
    // Whoever serves files says what methods there are.
    ["/a", "POST", ["/all", "", null, "/a"]],
    ["/healthz", "GET", "health"],
    ["/healthz", "POST", ["/all", "", null, "/healthz"]],
    ["/../x", "GET", 400],
    ["/%2e%2e/x", "GET", 400],
  ];
  for (const [target, method, outcome] of cases) {
    assert.deepEqual(outcomeOf({ target, method, headers: PLAIN }), outcome, `${method} ${target}`);
  }
  assert.equal(outcomeOf({ target: "/a", headers: { ...PLAIN, host: null } }), 400);
});

Deno.test("`decide()` sends a handshake to its tunnel and to no file, also one of which a proxy has left no more than a part", () => {
  assert.equal(outcomeOf({}), "tunnel");
  assert.equal(outcomeOf({ target: "/other" }), 404);
  assert.equal(outcomeOf({ target: "/own/x" }), 404);
  for (
    const left of [{ connection: null }, { upgrade: null }, { upgrade: null, connection: null }]
  ) {
    assert.equal(outcomeOf({ headers: left }), 426, JSON.stringify(left));
  }
  assert.equal(outcomeOf({ version: "1.0" }), 426);
});

Deno.test("`decide()` has files ask who comes: as their route says, and where there is none as all routes do", () => {
  const denied = { denyClients: networks("192.0.2.0/24") };
  const rules = (all: object, route: object): VerdictRules => ({
    ...WITH_FILES,
    table: compileRoutes([{ ...ROUTES[0]!, ...route }], {}),
    web: { ...FOR_ALL, ...all },
  });
  const ask = (target: string, given: VerdictRules) => outcomeOf({ target, headers: PLAIN }, given);
  assert.equal(ask("/vnc", rules({}, denied)), 403);
  assert.deepEqual(ask("/a", rules({}, denied)), ["/all", "", null, "/a"]);
  assert.equal(ask("/a", rules(denied, {})), 403);
  assert.deepEqual(ask("/vnc", rules(denied, {})), ["/all", "", "/vnc", "/vnc"]);
});
