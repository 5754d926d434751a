/** `curl`, as people use it on files. */
import assert from "node:assert/strict";
import { testEngines } from "../e2e/engine_limits.ts";
import { inTime } from "../support/eventually.ts";
import { inFolder } from "../support/folder.ts";
import { installed } from "../support/installed.ts";
import { serving } from "./serving.ts";

const CURL = installed("curl");

/** What curl writes to its standard output. */
async function curl(...args: string[]): Promise<string> {
  const child = new Deno.Command(CURL!, {
    args: ["--silent", "--show-error", "--noproxy", "*", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = await inTime("the end of curl", child.output(), () => child.kill("SIGKILL"));
  assert.equal(output.code, 0, new TextDecoder().decode(output.stderr));
  return new TextDecoder().decode(output.stdout);
}

const TEXT = Array.from({ length: 20_000 }, (_, line) => `line ${line}\n`).join("");

if (CURL === null) {
  Deno.test({ name: "curl (skipped: it is not installed)", ignore: true, fn() {} });
} else {
  testEngines(
    "curl resumes, takes what is compressed, asks whether it is new, and by HEAD",
    async (engine) => {
      await serving(engine, {}, async ({ program, root }) => {
        await inFolder(async (folder) => {
          const url = `http://${program.address}/text.txt`;
          const got = `${folder}/got`;
          // The rest of what it has a beginning of.
          Deno.writeTextFileSync(got, TEXT.slice(0, 1000));
          await curl("--continue-at", "-", "--output", got, url);
          assert.equal(Deno.readTextFileSync(got), TEXT);

          const sizes = "%{size_download} %{num_connects}\n";
          const compressed = `${folder}/compressed`;
          const [size] =
            (await curl("--compressed", "--output", compressed, "--write-out", sizes, url))
              .split(" ");
          assert.equal(Deno.readTextFileSync(compressed), TEXT);
          assert.equal(size, String(Deno.statSync(`${root}/text.txt.gz`).size));

          // What is as new as the one there is not sent again.
          Deno.utimeSync(got, Date.now() / 1000, Date.now() / 1000);
          const code = "%{http_code}\n";
          const args = ["--output", `${folder}/none`, "--write-out", code];
          assert.equal(await curl("--time-cond", got, ...args, url), "304\n");
          assert.equal(await curl("--etag-save", `${folder}/etag`, ...args, url), "200\n");
          assert.equal(await curl("--etag-compare", `${folder}/etag`, ...args, url), "304\n");

          const head = await curl("--head", url);
          assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
          assert.match(head, new RegExp(`^content-length: ${TEXT.length}\r$`, "im"));
          assert.match(await curl("--range", "5-9", url), /^0\nlin$/);

          // Two files, one connection.
          const twice = await curl(
            "--output",
            got,
            "--output",
            got,
            "--write-out",
            "%{num_connects}",
            url,
            url,
          );
          assert.equal(twice, "10");
        });
      }, (root) => {
        Deno.writeTextFileSync(`${root}/text.txt`, TEXT);
        Deno.utimeSync(`${root}/text.txt`, 1_000_000_000, 1_000_000_000);
        new Deno.Command("gzip", { args: ["--keep", `${root}/text.txt`] }).outputSync();
      });
    },
  );
}
