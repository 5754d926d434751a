/** What an executable must do to know who comes in: it has code for that which is loaded late, and a thread. */
import assert from "node:assert/strict";
import { SignJWT } from "jose";
import { echo, serveBackend } from "../support/backends.ts";
import { basic, openFolder, passwordLine } from "../support/auth_files.ts";
import { startProgram } from "../support/program.ts";
import { handshake, openRaw } from "../support/raw_client.ts";
import { makeSecret } from "../support/secrets.ts";
import { hostLines } from "../e2e/whole.ts";
import type { Words } from "./executable.ts";

/** Lets somebody in by a password and by a JSON Web Token, and somebody not. */
export async function exerciseAuth(words: Words): Promise<void> {
  const [password, secret] = [makeSecret("a password"), makeSecret("a secret of tokens")];
  await using backend = serveBackend(echo);
  await using folder = await openFolder();
  const users = await folder.write("users", passwordLine("ann", password));
  const file = await folder.write("secret", secret);
  const config = await folder.write(
    "wstunnel.toml",
    `
[wstunnel]
auth = { basic = "${users}", jwt = { secret-file = "${file}" } }
[wstunnel.server."/"]
${hostLines(backend.address)}
`,
  );
  await using program = await startProgram(["--config", config], { words });
  const key = new TextEncoder().encode(secret);
  const token = await new SignJWT({ sub: "bob" }).setExpirationTime("1h")
    .setProtectedHeader({ alg: "HS256" }).sign(key);
  const credentials = [
    [basic("ann", password), 101],
    [basic("ann", "wrong"), 401],
    [`Bearer ${token}`, 101],
    [`Bearer ${token}x`, 401],
  ] as const;
  for (const [authorization, status] of credentials) {
    using client = await openRaw(program.address);
    await client.write(handshake("/", { Authorization: authorization }));
    assert.equal((await client.head()).status, status);
  }
}
