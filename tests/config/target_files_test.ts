import assert from "node:assert/strict";
import { loadToml } from "../../lib/config/load.ts";
import { thisMachine } from "../../lib/config/machine.ts";
import { formatProblem } from "../../lib/config/problem.ts";

/** What is said of a configuration whose only route has these targets, on this machine. */
function said(targets: string): string[] {
  const text = `[wstunnel]\nframe-type = "binary"\n[wstunnel.server."/"]\ntargets = { ${targets} }`;
  const file = { path: "x.toml", text };
  const loaded = loadToml({ file, flags: [], machine: thisMachine() });
  return ("problems" in loaded ? loaded.problems : loaded.warnings).map(formatProblem);
}

const AT = 'x.toml:4: wstunnel.server."/".targets';

Deno.test("`loadToml()` warns of token files and folders that aren't there, or are none, and of wrong lines by their numbers", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/tokens`;
    const quoted = JSON.stringify(file);
    assert.deepEqual(said(`file = ${quoted}`), [`${AT}.file: ${quoted} isn't there`]);
    await Deno.writeTextFile(file, "a: h:1\n", { mode: 0o600 });
    assert.deepEqual(said(`file = ${quoted}`), []);
    await Deno.writeTextFile(file, "secret h:1\nb: h:2\n\nsecret\nsecret\nsecret\nsecret\n");
    const form = "must be a token, a colon, a space and a target: token: host:port";
    assert.deepEqual(said(`file = ${quoted}`), [
      `${AT}.file: ${quoted} line 1 ${form}; line 4 ${form}; line 5 ${form}; and 2 more lines`,
    ]);
    await Deno.writeTextFile(file, "a: h:1\n");
    await Deno.chmod(file, 0o644);
    assert.deepEqual(said(`file = ${quoted}`), [
      `${AT}.file: ${quoted} can be read by every user of this machine: chmod o-rwx`,
    ]);
    assert.deepEqual(said(`file = ${JSON.stringify(folder)}`), []);
    assert.deepEqual(said(`dir = ${JSON.stringify(folder)}`), []);
    assert.deepEqual(said(`dir = ${quoted}`), [`${AT}.dir: ${quoted} is no folder`]);
    assert.deepEqual(said(`dir = ${JSON.stringify(`${folder}/none`)}`), [
      `${AT}.dir: ${JSON.stringify(`${folder}/none`)} isn't there`,
    ]);
    const api = 'api = "https://h/%s"';
    assert.deepEqual(said(`${api}, ca = "${folder}/none"`), [
      `${AT}.ca: "${folder}/none" cannot be read: there is no such file`,
    ]);
    assert.deepEqual(said(`${api}, ca = ${quoted}`), [
      `${AT}.ca: ${quoted} holds no certificate as PEM`,
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("`loadToml()` warns of an API and a Redis that are asked in the clear on other machines", () => {
  const plain = (source: string) =>
    said(source).filter((line) => line.includes("is asked without TLS")).length;
  for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
    assert.equal(plain(`api = "http://${host}:9000/%s"`), 0, host);
    assert.equal(plain(`redis = "redis://:pw@${host}:6379/0"`), 0, host);
  }
  assert.equal(plain('api = "http://api.example.com/%s"'), 1);
  assert.equal(plain('redis = "redis://10.0.0.7"'), 1);
  assert.equal(plain('api = "https://api.example.com/%s"'), 0);
  assert.equal(plain('redis = "rediss://10.0.0.7"'), 0);
});

Deno.test("`loadToml()` warns of a route that is reached from other machines, unless a token that is secret leads on", () => {
  const open = (targets: string) => {
    const text =
      `listen = ":8080"\n[wstunnel]\nframe-type = "binary"\n[wstunnel.server."/"]\ntargets = { ${targets} }`;
    const loaded = loadToml({ file: { path: "x.toml", text }, flags: [] });
    assert("warnings" in loaded, JSON.stringify(loaded));
    return loaded.warnings.map(({ rule }) => rule.replace(/.*(TLS|any program can).*/, "$1"));
  };
  assert.deepEqual(open('file = "/t"'), ["TLS"]);
  assert.deepEqual(open('redis = "redis://localhost"'), ["TLS"]);
  assert.deepEqual(open('file = "/t", from = ["host"]'), ["any program can"]);
  assert.deepEqual(open('address = ["*.example.com:5432"]'), ["any program can"]);
});
