/** Whom `wstunnel connect` connects to: addresses that are said, and what TLS shows. */
import assert from "node:assert/strict";
import { listenSilently, serveBackend } from "../support/backends.ts";
import { type Authority, NO_OPENSSL, selfSigned } from "../support/certificates.ts";
import { startProgram } from "../support/program.ts";
import { tlsSetting } from "../support/tls.ts";
import { connectBy } from "./connecting.ts";

const BINARY = ["--frame-type", "binary"];

const FOR_CLIENTS = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n";

/** A server that ends it may be heard to say why, or not. */
const NONE_SHOWN = /: it (?:asks|may ask) for a client's certificate/;
const NOT_ACCEPTED = /: it (?:doesn't accept our certificate|may not accept the certificate of)/;

/** A key that is locked by a passphrase. */
async function lock({ key }: Authority, path: string): Promise<void> {
  const args = ["pkey", "-in", key, "-aes256", "-passout", "pass:a passphrase", "-out", path];
  assert.ok((await new Deno.Command("openssl", { args }).output()).success);
}

Deno.test({
  name:
    "a server that asks for a certificate is shown that of --cert, whether or not its own is verified",
  ignore: NO_OPENSSL !== null,
  async fn() {
    await using setting = await tlsSetting();
    const { authority, folder } = setting;
    await using backend = serveBackend(({ write }) => write("in"));
    await using program = await startProgram([
      ...[...BINARY, "--server", backend.address],
      ...[...setting.flags, "--tls-client-ca", authority.cert],
    ]);
    const alice = await authority.issue("alice", {
      subject: "/CN=alice",
      extensions: FOR_CLIENTS,
    });
    const old = await authority.issue("old", { days: -1, extensions: FOR_CLIENTS });
    const rogue = await selfSigned(folder, "rogue", "/CN=rogue");
    const both = `${folder}/both.pem`;
    const parts = [alice.key, alice.cert].map((path) => Deno.readTextFileSync(path));
    await Deno.writeTextFile(both, parts.join(""));
    const locked = `${folder}/locked.key`;
    await lock(authority, locked);
    const trust = ["--ca", authority.cert];
    const pair = ({ cert, key }: { cert: string; key: string }) => ["--cert", cert, "--key", key];
    const cases: [flags: string[], code: number, stderr: RegExp][] = [
      [[...trust, ...pair(alice)], 0, /^$/],
      [[...trust, "--cert", both], 0, /^$/],
      [["--insecure", ...pair(alice)], 0, /^$/],
      [trust, 1, NONE_SHOWN],
      [["--insecure"], 1, NONE_SHOWN],
      [[...trust, ...pair(rogue)], 1, NOT_ACCEPTED],
      [[...trust, "--cert", alice.cert], 2, /--key: ".+" holds no private key as PEM, but a cert/],
      [[...trust, "--key", alice.key], 2, /connect: --key is for --cert alone\n$/],
      [[...trust, ...pair({ ...alice, key: old.key })], 2, /--key is not the key of the cert/],
      [[...trust, ...pair({ ...alice, key: locked })], 2, /--key: ".+" is encrypted, and nobody/],
      [[...trust, ...pair(old)], 2, /--cert: ".+" has expired, \d{4}-\d\d-\d\d \d\d:\d\d UTC\n$/],
      [[...trust, "--cert", `${folder}/none`], 2, /--cert: ".+" cannot be read: there is no such/],
      [["--ca", `${folder}/none`], 2, /--ca: ".+" cannot be read: there is no such file\n$/],
    ];
    for (const [flags, code, stderr] of cases) {
      const ended = await connectBy([`wss://${program.address}/`, ...flags]);
      assert.deepEqual([ended.code, ended.stdout], [code, code === 0 ? "in" : ""], ended.stderr);
      assert.match(ended.stderr, stderr);
    }
    const { user } = await program.entry("tunnel closed");
    assert.equal(user, "alice");
    assert.match((await connectBy(["ws://a/", "--cert", both])).stderr, /--cert is for wss:/);
  },
});

Deno.test("an address that is said is connected, the first that answers; Host stays", async () => {
  await using backend = serveBackend(({ write }) => write("in"));
  await using program = await startProgram([...BINARY, "--server", backend.address]);
  const port = program.address.split(":").at(-1);
  const url = `ws://server.example:${port}/`;
  const resolved = `server.example:${port}:`;
  const well = [
    ["--resolve", `${resolved}127.0.0.1`],
    // Refused.
    ["--resolve", `Server.Example:${port}:[::1],127.0.0.3,127.0.0.1`],
    // The last that says it.
    ["--resolve", `${resolved}127.0.0.3`, "--resolve", `${resolved}127.0.0.1`],
  ];
  for (const flags of well) {
    assert.deepEqual(await connectBy([url, ...flags]), { code: 0, stdout: "in", stderr: "" });
  }
  const cases: [flags: string[], code: number, stderr: RegExp][] = [
    [
      ["--resolve", `${resolved}127.0.0.3,127.0.0.4`],
      1,
      /: cannot connect: 127\.0\.0\.3: Connection refused.*; 127\.0\.0\.4: Connection refused.*\n$/,
    ],
    [["--resolve", "server.example:127.0.0.1"], 2, /--resolve: must be NAME:PORT:ADDRESS, or/],
    [["--resolve", `${resolved}localhost`], 2, /--resolve: must be NAME:PORT:ADDRESS, or/],
    [["--resolve", "127.0.0.1:80:127.0.0.2"], 2, /--resolve: an address is connected as it is/],
    [["--resolve", "server.example:0:127.0.0.2"], 2, /--resolve: the port must be 1 to 65535/],
  ];
  for (const [flags, code, stderr] of cases) {
    const ended = await connectBy([url, ...flags]);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, stderr);
  }
});

Deno.test("an address that doesn't answer keeps the next one waiting for a moment only", async () => {
  using silent = await listenSilently();
  const port = silent.address.split(":").at(-1);
  await using backend = serveBackend(({ write }) => write("in"));
  await using _program = await startProgram([...BINARY, "--server", backend.address], {
    listen: [`127.0.0.2:${port}`],
  });
  const url = `ws://server.example:${port}/`;
  const resolve = (...addresses: string[]) => [
    "--resolve",
    `server.example:${port}:${addresses.join(",")}`,
  ];
  const silentFirst = [url, ...resolve("127.0.0.1", "127.0.0.2"), "--connect-timeout", "60"];
  assert.deepEqual(await connectBy(silentFirst), { code: 0, stdout: "in", stderr: "" });
  const none = await connectBy([
    ...[url, ...resolve("127.0.0.1", "127.0.0.3")],
    ...["--connect-timeout", "3"],
  ]);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /: no answer within 3 s; 127\.0\.0\.3: Connection refused.*\n$/);
});
