/** The README's steps for TLS and for clients' certificates, as they stand there. */
import assert from "node:assert/strict";
import { echo, freePort, serveBackend } from "../support/backends.ts";
import { fill, recipe } from "./readme.ts";
import { testRecipe } from "./shell.ts";

const HEADING = "TLS";

testRecipe("the recipe for TLS lets in clients, or those with a certificate", [
  "openssl",
  "curl",
], async (shell) => {
  await using backend = serveBackend(echo);
  for (const nth of [0, 3]) {
    const { code, stderr } = await shell.run(recipe(HEADING, "sh", nth));
    assert.equal(code, 0, stderr);
  }
  const serve = async (port: number, flags = "") => {
    const here = `127.0.0.1:${port}`;
    const places = { ":8443": here, "127.0.0.1:5900": backend.address };
    await shell.start(fill(recipe(HEADING, "sh", 1).trim(), places) + flags, here);
  };
  const ask = async (port: number, flags = "") => {
    const curl = fill(recipe(HEADING, "sh", 2), { ":8443": `:${port}`, curl: `curl${flags}` });
    return (await shell.run(`${curl.trim()} || true`)).stdout;
  };
  await serve(shell.port);
  assert.equal(await ask(shell.port), "ok\n");
  const other = freePort();
  await serve(other, " --tls-client-ca ca.pem");
  assert.equal(await ask(other, " --cert ann.pem --key ann.key"), "ok\n");
  assert.equal(await ask(other), "");
});
