/** An API that says where tokens lead, as websockify's JSONTokenApi and BaseTokenAPI ask one. */
import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { assertNoSecret, makeSecret } from "../support/secrets.ts";
import { handshake, openRaw } from "../support/raw_client.ts";
import { testEngines } from "./engine_limits.ts";
import { answerOf, assertRefused, DOWN, nameAt, named } from "./targets.ts";
import { startWithFile } from "./whole.ts";

type Answering = (token: string, request: Request) => Response | Promise<Response>;

/** An API, and what it was asked for. */
function openApi(answering: Answering, port = 0) {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    asked.push(pathname + search);
    return answering(new URLSearchParams(search).get("token") ?? "", request);
  });
  return {
    asked,
    port: server.addr.port,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function config(engine: string, api: string, more = ""): string {
  return `engine = "${engine}"\n[wstunnel]\nframe-type = "binary"\n` +
    `[wstunnel.server."/websockify"]\nconnect-timeout = 3\ntargets = { api = "${api}"${more} }\n`;
}

const at = (token: string) => `/websockify?token=${encodeURIComponent(token)}`;

testEngines(
  "an API says where a token leads, in JSON or as text, and which tokens there are",
  async (engine) => {
    await using backend = named("from the API");
    const [host, port] = backend.address.split(":");
    const answers: Record<string, () => Response> = {
      json: () => Response.json({ host, port: Number(port) }),
      text: () => new Response(`${backend.address}\n`),
      "a/b&c=%": () => Response.json({ host: backend.address }),
      nothing: () => Response.json({}),
      odd: () => new Response("<html>"),
    };
    await using api = openApi((token) => answers[token]?.() ?? new Response("no", { status: 404 }));
    await using program = await startWithFile(
      config(engine, `http://127.0.0.1:${api.port}/where?token=%s&of=desks`),
    );
    for (const token of ["json", "text", "a/b&c=%"]) {
      assert.equal(await nameAt(program, at(token)), "from the API", token);
    }
    assert.equal(api.asked[2], "/where?token=a%2Fb%26c%3D%25&of=desks");
    await assertRefused(program, at("unknown"), "there is no such token");
    await assertRefused(program, at("nothing"), "what the token leads to is no host:port");
    await assertRefused(program, at("odd"), "what the token leads to is no host:port");
    assert.equal(program.entries("the targets of the route cannot be asked for").length, 0);
  },
);

testEngines("no token leads an API's URL out of its place", async (engine) => {
  await using api = openApi(() => new Response("127.0.0.1:1"));
  await using program = await startWithFile(
    config(engine, `http://127.0.0.1:${api.port}/tokens/%s/target`),
  );
  for (const token of [".", ".."]) {
    await assertRefused(program, at(token), "there is no such token");
  }
  await answerOf(program, at("../x"));
  await answerOf(program, at("%2e%2e"));
  assert.deepEqual(api.asked, ["/tokens/..%2Fx/target", "/tokens/%252e%252e/target"]);
});

testEngines(
  "an API that is down, fails, stalls, says too much or sends elsewhere is an outage, told of once, without a token",
  async (engine) => {
    const token = makeSecret("an API's token");
    const port = freePort();
    await using elsewhere = openApi(() => new Response("127.0.0.1:1"));
    await using program = await startWithFile(
      config(engine, `http://127.0.0.1:${port}/?key=${makeSecret("an API's key")}&token=%s`),
    );
    const outage = async (nth: number, expected: RegExp) => {
      const ask = () => answerOf(program, at(token));
      assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [DOWN, DOWN, DOWN]);
      const message = "the targets of the route cannot be asked for";
      const { reason } = await program.entry(message, nth);
      assert.match(String(reason), expected);
      assert.equal(program.entries(message).length, nth);
    };
    /** Up again in between, so that each is told of. */
    const up = async () => {
      await using _api = openApi(() => new Response("", { status: 403 }), port);
      assert.equal((await answerOf(program, at(token))).status, 403);
    };
    await outage(1, /^the API cannot be asked: .*refused/);
    const failing: [RegExp, Answering][] = [
      [/^the API answers with 500$/, () => new Response("", { status: 500 })],
      [/^the API answers with 429$/, () => new Response("", { status: 429 })],
      [
        /^the API answers with 302$/,
        () => Response.redirect(`http://127.0.0.1:${elsewhere.port}/?token=${token}`),
      ],
      [/^the API's answer has more than 65536 bytes$/, () => new Response("x".repeat(10_000_000))],
      // Headers come, and the rest never.
      [/^the API has not answered within 3 s$/, () => new Response(new ReadableStream())],
      [
        /^the API has not answered within 3 s$/,
        (_, { signal }) =>
          new Promise((done) => signal.addEventListener("abort", () => done(new Response("")))),
      ],
    ];
    for (const [at, [reason, answering]] of failing.entries()) {
      await up();
      await using _api = openApi(answering, port);
      await outage(at + 2, reason);
    }
    await up();
    await program.entry("the targets of the route can be asked for again", failing.length + 1);
    assert.deepEqual(elsewhere.asked, []);
    assert.equal(
      program.entries("request refused").filter(({ status }) => status === 503).length,
      0,
    );
    assertNoSecret("its log", program.log.all.join("\n"));
  },
);

testEngines(
  "a client that leaves while the API is asked is no outage, and asks it no more",
  async (engine) => {
    let asking = 0;
    let left = 0;
    await using api = openApi((token, request) => {
      if (token === "known") return new Response("", { status: 404 });
      asking++;
      return new Promise((done) =>
        request.signal.addEventListener("abort", () => {
          left++;
          done(new Response(""));
        })
      );
    });
    await using program = await startWithFile(
      config(engine, `http://127.0.0.1:${api.port}/?token=%s`).replace("connect-timeout = 3", ""),
    );
    {
      using client = await openRaw(program.address);
      await client.write(handshake(at("slow")));
      await eventually("the API to be asked", () => asking === 1);
    }
    await eventually("the API to be left", () => left === 1);
    assert.equal((await answerOf(program, at("known"))).status, 403);
    assert.equal(program.entries("the targets of the route cannot be asked for").length, 0);
  },
);
