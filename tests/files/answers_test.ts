/** What is answered to who asks for files, by tables, over raw sockets. */
import assert from "node:assert/strict";
import { testEngines } from "../e2e/engine_limits.ts";
import { openRaw } from "../support/raw_client.ts";
import { type Answered, ask, assertKept, HOST, PAGE, request, serving } from "./serving.ts";

/** Some 200 KB of lines, more than one chunk. */
const LINES = Array.from({ length: 30_000 }, (_, line) => `${line}\n`).join("");

const MODIFIED = new Date(Date.UTC(2020, 0, 2, 3, 4, 5));
const MODIFIED_TEXT = "Thu, 02 Jan 2020 03:04:05 GMT";

function makeLines(root: string): void {
  Deno.writeTextFileSync(`${root}/lines.txt`, LINES);
  Deno.utimeSync(`${root}/lines.txt`, MODIFIED, MODIFIED);
}

function seen({ status, body, headers }: Answered) {
  return [status, body, headers.get("content-range")];
}

testEngines("a file is sent whole, with what a client needs to know it again", async (engine) => {
  await serving(engine, {}, async ({ program }) => {
    const { status, body, headers } = await ask(program, "/lines.txt");
    assert.deepEqual([status, body], [200, LINES]);
    for (
      const [name, value] of [
        ["content-type", "text/plain; charset=utf-8"],
        ["content-length", String(LINES.length)],
        ["last-modified", MODIFIED_TEXT],
        ["cache-control", "no-cache"],
        ["accept-ranges", "bytes"],
        ["x-content-type-options", "nosniff"],
      ] as const
    ) assert.equal(headers.get(name), value, name);
    assert.match(headers.get("etag")!, /^"[^"]+"$/);
    assert.match(headers.get("date")!, / GMT$/);

    const head = await ask(program, "/lines.txt", [], "HEAD");
    assert.deepEqual(
      [head.status, head.headers.get("content-length")],
      [200, String(LINES.length)],
    );
    for (const [target, type] of [["/", "text/html"], ["/?a=/../b", "text/html"]] as const) {
      const page = await ask(program, target);
      assert.deepEqual([page.status, page.body], [200, PAGE]);
      assert.equal(page.headers.get("content-type"), `${type}; charset=utf-8`);
    }
  }, makeLines);
});

testEngines("ranges are sent as they are asked for", async (engine) => {
  await serving(engine, {}, async ({ program }) => {
    const size = LINES.length;
    const part = (from: number, to: number) => [
      ...[206, LINES.slice(from, to), `bytes ${from}-${to - 1}/${size}`],
    ];
    const cases: [range: string, seen: unknown[]][] = [
      ["bytes=0-0", part(0, 1)],
      ["bytes=10-19", part(10, 20)],
      ["bytes=-5", part(size - 5, size)],
      [`bytes=${size - 1}-`, part(size - 1, size)],
      // Chunks begin and end where they like.
      ["bytes=1-131072", part(1, 131_073)],
      ["bytes=65535-65536", part(65_535, 65_537)],
      [`bytes=0-${10 * size}`, part(0, size)],
      ["bytes=0-", part(0, size)],
      ["bytes=0-1,4-5", [200, LINES, null]],
      ["bytes=5-4", [200, LINES, null]],
      ["bytes=x", [200, LINES, null]],
      ["chars=0-1", [200, LINES, null]],
    ];
    for (const [range, expected] of cases) {
      assert.deepEqual(
        seen(await ask(program, "/lines.txt", [`Range: ${range}`])),
        expected,
        range,
      );
    }
    const none = await ask(program, "/lines.txt", [`Range: bytes=${size}-`]);
    assert.deepEqual([none.status, none.headers.get("content-range")], [416, `bytes */${size}`]);
    const { headers } = await ask(program, "/lines.txt");
    for (
      const [value, status] of [
        [headers.get("etag")!, 206],
        [MODIFIED_TEXT, 206],
        ['"other"', 200],
        ["Thu, 02 Jan 2020 03:04:04 GMT", 200],
      ] as const
    ) {
      const ranged = await ask(program, "/lines.txt", ["Range: bytes=0-4", `If-Range: ${value}`]);
      assert.equal(ranged.status, status, value);
    }
  }, makeLines);
});

testEngines("conditions are judged in their order", async (engine) => {
  await serving(engine, {}, async ({ program }) => {
    const tag = (await ask(program, "/lines.txt")).headers.get("etag")!;
    const cases: [lines: string[], status: number][] = [
      [[`If-None-Match: ${tag}`], 304],
      [[`If-None-Match: "a", W/${tag}`], 304],
      [["If-None-Match: *"], 304],
      [['If-None-Match: "a"'], 200],
      [[`If-Modified-Since: ${MODIFIED_TEXT}`], 304],
      [["If-Modified-Since: Thu, 02 Jan 2020 03:04:04 GMT"], 200],
      [["If-Modified-Since: yesterday"], 200],
      [['If-None-Match: "a"', `If-Modified-Since: ${MODIFIED_TEXT}`], 200],
      [[`If-Match: ${tag}`], 200],
      [['If-Match: "a"'], 412],
      [["If-Unmodified-Since: Thu, 02 Jan 2020 03:04:04 GMT"], 412],
      [[`If-Match: ${tag}`, `If-None-Match: ${tag}`], 304],
      [['If-Match: "a"', "Range: bytes=0-1"], 412],
      [[`If-None-Match: ${tag}`, "Range: bytes=0-1"], 304],
    ];
    for (const [lines, status] of cases) {
      const answered = await ask(program, "/lines.txt", lines);
      assert.equal(answered.status, status, lines.join("; "));
      if (status === 304) assert.equal(answered.headers.get("etag"), tag);
    }
  }, makeLines);
});

testEngines(
  "what stands compressed beside a file goes to who takes it, if it is no older",
  async (engine) => {
    await serving(engine, {}, async ({ program, root }) => {
      const cases: [accepts: string | null, body: string, coding: string | null][] = [
        [null, "plain", null],
        ["gzip", "gzip!", "gzip"],
        ["gzip, br", "br!", "br"],
        ["br;q=0.5, gzip", "gzip!", "gzip"],
        ["identity", "plain", null],
        ["gzip;q=0", "plain", null],
      ];
      const tags = new Set<string>();
      for (const [accepts, body, coding] of cases) {
        const lines = accepts === null ? [] : [`Accept-Encoding: ${accepts}`];
        const answered = await ask(program, "/a.js", lines);
        const { headers } = answered;
        assert.deepEqual(
          [answered.body, headers.get("content-encoding"), headers.get("vary")],
          [body, coding, "accept-encoding"],
          `${accepts}`,
        );
        assert.equal(headers.get("content-type"), "text/javascript; charset=utf-8");
        tags.add(headers.get("etag")!);
      }
      assert.equal(tags.size, 3);
      Deno.utimeSync(`${root}/a.js.gz`, 1, 1);
      Deno.removeSync(`${root}/a.js.br`);
      const old = await ask(program, "/a.js", ["Accept-Encoding: gzip, br"]);
      assert.deepEqual([old.body, old.headers.get("vary")], ["plain", null]);
    }, (root) => {
      for (const [name, text] of [["a.js", "plain"], ["a.js.gz", "gzip!"], ["a.js.br", "br!"]]) {
        Deno.writeTextFileSync(`${root}/${name}`, text!);
        Deno.utimeSync(`${root}/${name}`, MODIFIED, MODIFIED);
      }
    });
  },
);

/** Targets, and the status that each gets where nothing of it may be shown. */
const NOWHERE: readonly (readonly [target: string, status: number])[] = [
  ["/none", 404],
  ["/none/", 404],
  ["/sub/none", 404],
  ["/index.html/", 404],
  ["/index.html/x", 404],
  ["/.hidden", 404],
  ["/.git/config", 404],
  ["/sub/.hidden", 404],
  ["/%2ehidden", 404],
  ["/...", 404],
  ["/pipe", 404],
  ["/socket", 404],
  ["/out", 404],
  ["/out/secret", 404],
  ["/link-to-secret", 404],
  ["/link-to-null", 404],
  ["/loop", 404],
  ["/sub", 301],
  ["/../outside/secret", 400],
  ["/sub/../../outside/secret", 400],
  ["/%2e%2e/outside/secret", 400],
  ["/%2E./outside/secret", 400],
  ["/..%2foutside/secret", 400],
  ["/..%5coutside%5csecret", 400],
  ["/..\\outside\\secret", 400],
  ["/.%00./outside/secret", 400],
  ["/index.html%00", 400],
  ["/index.html%0a", 400],
  ["/%c0%ae%c0%ae/outside/secret", 400],
  ["/%%32%65%%32%65/outside/secret", 400],
  ["/%252e%252e/outside/secret", 404],
  ["/sub//index.html", 400],
  ["/./index.html", 400],
  ["/..;/outside/secret", 400],
  ["//..//outside/secret", 400],
  ["/index.html#x", 400],
  ["/%zz", 400],
  ["/%ff", 400],
  [`/${"a".repeat(300)}`, 404],
  [`/${"a/".repeat(2_000)}b`, 404],
];

testEngines("nothing is shown that is hidden, no file, or outside of the root", async (engine) => {
  await serving(engine, {}, async ({ program, root }) => {
    using socket = Deno.listen({ transport: "unix", path: `${root}/socket` });
    assert.ok(socket);
    for (const [target, status] of NOWHERE) {
      // What the runtime refuses by itself, or takes for the end of the path, is no matter.
      if (engine === "native" && /[#\\]/.test(target)) continue;
      const answered = await ask(program, target);
      assert.equal(answered.status, status, target);
      assert.doesNotMatch(answered.body, /secret!/, target);
    }
    const shown = [
      ["/in", "in"],
      ["/sub/in.txt", "in"],
      ["//in.txt", "in"],
      ["/%69n.txt", "in"],
      ["/b%C3%BCro%20%25.txt", "büro"],
      ["/büro%20%25.txt", "büro"],
      ["http://elsewhere/in.txt", "in"],
    ];
    for (const [target, body] of shown) {
      if (engine === "native" && target!.includes("ü")) continue;
      const raw = new TextEncoder().encode(target!).length > target!.length;
      const answered = await ask(program, target!);
      // A target is ASCII (RFC 3986).
      assert.deepEqual([answered.status, answered.body], raw ? [400, answered.body] : [200, body]);
    }
  }, (root, outside) => {
    Deno.writeTextFileSync(`${outside}/secret`, "secret!");
    Deno.mkdirSync(`${root}/sub`);
    Deno.mkdirSync(`${root}/.git`);
    for (const name of [".hidden", ".git/config", "sub/.hidden"]) {
      Deno.writeTextFileSync(`${root}/${name}`, "secret!");
    }
    Deno.writeTextFileSync(`${root}/in.txt`, "in");
    Deno.writeTextFileSync(`${root}/büro %.txt`, "büro");
    for (
      const [to, link] of [
        [outside, "out"],
        ["../outside/secret", "link-to-secret"],
        ["/dev/null", "link-to-null"],
        ["loop", "loop"],
        ["in.txt", "in"],
        ["../in.txt", "sub/in.txt"],
      ]
    ) Deno.symlinkSync(to!, `${root}/${link}`);
    new Deno.Command("mkfifo", { args: [`${root}/pipe`] }).outputSync();
  });
});

testEngines("a folder is its index, by the path that ends with a slash", async (engine) => {
  await serving(engine, { web: 'index = "start.htm"' }, async ({ program }) => {
    const there = await ask(program, "/sub/deep?x=/y");
    assert.deepEqual([there.status, there.headers.get("location")], [301, "/sub/deep/?x=/y"]);
    const index = await ask(program, "/sub/deep/");
    assert.deepEqual([index.status, index.body], [200, "start"]);
    // Its own index it is not, and what is in it nobody is told.
    assert.equal((await ask(program, "/")).status, 404);
    assert.equal((await ask(program, "/sub/")).status, 404);
    const away = await ask(program, "//sub");
    assert.equal(away.headers.get("location"), "/sub/");
  }, (root) => {
    Deno.mkdirSync(`${root}/sub/deep`, { recursive: true });
    Deno.writeTextFileSync(`${root}/sub/deep/start.htm`, "start");
  });
});

testEngines(
  "a folder shows what is in it where that is asked for, and nothing that is hidden",
  async (engine) => {
    const web = 'listing = true\nheaders = { x-robots-tag = "none" }';
    await serving(engine, { web }, async ({ program }) => {
      const { status, body, headers } = await ask(program, "/sub/");
      assert.equal(status, 200);
      const links = [...body.matchAll(/href="([^"]*)">([^<]*)</g)].map((
        [, link, text],
      ) => [link, text]);
      assert.deepEqual(links, [
        ["../", "../"],
        ["./deep/", "deep/"],
        ["./link/", "link/"],
        ["./%3Cb%3E%26.txt", "&lt;b&gt;&amp;.txt"],
        ["./a.txt", "a.txt"],
        ["./in", "in"],
        ["./%C3%A4.txt", "ä.txt"],
      ]);
      assert.equal(headers.get("content-type"), "text/html; charset=utf-8");
      assert.equal(headers.get("x-robots-tag"), "none");
      assert.equal((await ask(program, "/sub/link/")).status, 200);
      assert.equal((await ask(program, "/")).body, PAGE);
      assert.deepEqual((await ask(program, "/sub")).status, 301);
      for (const target of ["/out/", "/sub/a.txt/", "/none/", "/.git/"]) {
        assert.equal((await ask(program, target)).status, 404, target);
      }
      const head = await ask(program, "/sub/", [], "HEAD");
      const size = new TextEncoder().encode(body).length;
      assert.equal(head.headers.get("content-length"), String(size));
      const entry = await program.entry("file asked for");
      assert.equal(entry["bytes"], size);
    }, (root, outside) => {
      for (const folder of ["sub/deep", ".git"]) {
        Deno.mkdirSync(`${root}/${folder}`, { recursive: true });
      }
      for (const name of ["a.txt", "ä.txt", "<b>&.txt", ".hidden"]) {
        Deno.writeTextFileSync(`${root}/sub/${name}`, "");
      }
      new Deno.Command("mkfifo", { args: [`${root}/sub/pipe`] }).outputSync();
      Deno.symlinkSync(outside, `${root}/out`);
      Deno.symlinkSync(outside, `${root}/sub/out`);
      Deno.symlinkSync("a.txt", `${root}/sub/in`);
      Deno.symlinkSync("deep", `${root}/sub/link`);
    });
  },
);

testEngines("other methods and bodies are refused", async (engine) => {
  await serving(engine, {}, async ({ program }) => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"]) {
      const { status, headers } = await ask(program, "/index.html", [], method);
      assert.deepEqual([status, headers.get("allow")], [405, "GET, HEAD"], method);
    }
    using client = await openRaw(program.address);
    await client.write(request("/", ["Content-Length: 3"]) + "abc");
    const response = await client.head();
    assert.equal(response.status, 400);
    if (engine === "native") return;
    assert.equal(response.headers.get("connection"), "close");
    await client.body(response);
    await client.end();
  });
});

testEngines(
  "headers of the configuration go with files, in place of ours, and with nothing else",
  async (engine) => {
    const web = '[web.headers]\nCache-Control = "max-age=60"\nX-Frame-Options = "DENY"';
    await serving(engine, { web }, async ({ program }) => {
      const { headers } = await ask(program, "/");
      const names = ["cache-control", "x-frame-options"];
      assert.deepEqual(names.map((name) => headers.get(name)), ["max-age=60", "DENY"]);
      const again = await ask(program, "/", [`If-None-Match: ${headers.get("etag")}`]);
      assert.deepEqual([again.status, again.headers.get("cache-control")], [304, "max-age=60"]);
      assert.equal((await ask(program, "/none")).headers.get("cache-control"), null);
    });
  },
);

testEngines(
  "a root that a link names is followed anew, and one that goes away is gone",
  async (engine) => {
    await serving(engine, { rest: "" }, async ({ program, root, outside }) => {
      using client = await openRaw(program.address);
      await assertKept(client);
      Deno.renameSync(root, `${outside}/former`);
      assert.equal((await ask(program, "/")).status, 404);
      const entry = await program.entry("file asked for", 2);
      assert.match(String(entry.why), /^the root: /);
      Deno.symlinkSync(`${outside}/former`, root);
      await assertKept(client);
    });
  },
);

testEngines("by HTTP/1.0 a file is sent, also to who names no host", async (engine) => {
  await serving(engine, {}, async ({ program }) => {
    for (const lines of [["GET / HTTP/1.0"], ["GET / HTTP/1.0", HOST, "Connection: keep-alive"]]) {
      using client = await openRaw(program.address);
      await client.write(`${lines.join("\r\n")}\r\n\r\n`);
      const response = await client.head();
      assert.deepEqual([response.status, await client.body(response)], [200, PAGE]);
      if (engine === "native") continue;
      assert.equal(response.headers.get("connection"), "close");
      await client.end();
    }
  });
});
