/** The README's steps for passwords and tokens, as they stand there. */
import assert from "node:assert/strict";
import { echo, serveBackend } from "../support/backends.ts";
import { assertNoSecret, makeSecret } from "../support/secrets.ts";
import { fill, recipe } from "./readme.ts";
import { testRecipe } from "./shell.ts";

const HEADING = "Who may come in";

const statusOf = (answer: string) => /^HTTP\/1\.1 (\d+)/m.exec(answer)?.[1];

testRecipe("the recipe for passwords lets in who has one", ["htpasswd", "curl"], async (shell) => {
  await using backend = serveBackend(echo);
  const password = makeSecret("a password");
  const here = `127.0.0.1:${shell.port}`;
  const lines = recipe(HEADING, "sh").trim().split("\n");
  const start = lines.pop()!;
  // It asks twice for what is typed here.
  const typed = lines.join("\n").replace("htpasswd -B -c", "htpasswd -i -B -c");
  const made = await shell.run(typed, `${password}\n`);
  assert.equal(made.code, 0, made.stderr);
  await shell.start(fill(start, { "127.0.0.1:5900": backend.address }), here);
  const curl = fill(recipe(HEADING, "sh", 1), { "127.0.0.1:8080": here });
  const ask = (login: string) => shell.run(fill(curl, { "-u ann": `-s -u ${login}` }));
  assert.equal(statusOf((await ask(`ann:${password}`)).stdout), "426");
  assert.equal(statusOf((await ask("ann:wrong")).stdout), "401");
});

testRecipe("the recipe for tokens lets in who has one", ["openssl", "curl"], async (shell) => {
  await using backend = serveBackend(echo);
  const here = `127.0.0.1:${shell.port}`;
  const { code, stdout: token } = await shell.run(recipe(HEADING, "sh", 2));
  assert.equal(code, 0);
  assert.match(token, /^[0-9a-f]{64}\n$/);
  const start = fill(recipe(HEADING, "sh", 3), { "127.0.0.1:5900": backend.address });
  await shell.start(start, here);
  const curl = fill(recipe(HEADING, "sh", 4), { "127.0.0.1:8080": here, "curl -i": "curl -si" });
  const known = await shell.run(`token=${token}${curl}`);
  assert.equal(statusOf(known.stdout), "426");
  assert.equal(statusOf((await shell.run(`token=wrong\n${curl}`)).stdout), "401");
  assertNoSecret("an answer", known.stdout);
});
