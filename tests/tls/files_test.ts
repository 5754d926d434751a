/** The files of certificates: what is wrong with them is told at once, by their names, and what changes in them as it does. */
import assert from "node:assert/strict";
import type { Certified } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { type Program, runProgram, startProgram } from "../support/program.ts";
import { tlsSetting } from "../support/tls.ts";
import { askBySClient, NO_OPENSSL } from "./s_client.ts";

const ignore = NO_OPENSSL !== null;

const SERVER = ["--server", "127.0.0.1:1", "--frame-type", "binary"];

async function openssl(...args: string[]): Promise<void> {
  const { success } = await new Deno.Command("openssl", { args, stderr: "null" }).output();
  assert.ok(success, args.join(" "));
}

function flagsOf({ cert, key }: Certified, clientCa?: string): string[] {
  return ["--tls-cert", cert, "--tls-key", key, ...(clientCa ? ["--tls-client-ca", clientCa] : [])];
}

Deno.test({
  name: "`check` names each file that can't be used and says why, all at once",
  ignore,
  async fn() {
    await using setting = await tlsSetting();
    const { folder, server, authority } = setting;
    const other = await authority.issue("other");
    const at = (name: string) => `${folder}/${name}`;
    await Deno.writeTextFile(at("garbage"), "no PEM\n");
    await Deno.writeTextFile(
      at("cut.pem"),
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    const curve = ["-pkeyopt", "ec_paramgen_curve:secp256k1"];
    await openssl("genpkey", "-algorithm", "EC", ...curve, "-out", at("koblitz.key"));
    await openssl("genrsa", "-out", at("short.key"), "1024");
    await openssl("genrsa", "-aes256", "-passout", "pass:secret", "-out", at("locked.key"), "2048");
    const chain = await Deno.readTextFile(server.cert) + await Deno.readTextFile(other.cert);
    await Deno.writeTextFile(at("chain.pem"), chain);
    const cases: [Certified & { ca?: string }, string[]][] = [
      [{ cert: at("none"), key: at("none") }, [
        'none" cannot be read: there is no such file',
        'none" cannot be read: there is no such file',
      ]],
      [{ cert: folder, key: at("garbage") }, [
        '" is a directory',
        'garbage" holds no private key as PEM',
      ]],
      [{ cert: at("garbage"), key: server.key }, ['garbage" holds no certificate as PEM']],
      [{ cert: server.key, key: server.cert }, [
        'wstunnel: --tls-cert: "' + server.key + '" holds no certificate as PEM, but a private key',
        'wstunnel: --tls-key: "' + server.cert + '" holds no private key as PEM, but a certificate',
      ]],
      [{ cert: at("cut.pem"), key: server.key }, [
        "cut.pem\" holds a certificate that can't be read",
      ]],
      [{ cert: server.cert, key: other.key }, [
        `other.key" is not the key of the certificate in "${server.cert}"`,
      ]],
      [{ cert: at("chain.pem"), key: other.key }, ["is the key of certificate number 2 in"]],
      [{ cert: server.cert, key: at("koblitz.key") }, [
        'koblitz.key" holds a key of another kind: must be RSA of 2048 bits',
      ]],
      [{ cert: server.cert, key: at("short.key") }, [
        'short.key" holds an RSA key of 1024 bits: must be',
      ]],
      [{ cert: server.cert, key: at("locked.key") }, [
        'locked.key" is encrypted, and nobody is there to be asked',
      ]],
      [{ ...server, ca: other.cert }, [
        "other.pem\" holds a certificate, number 1, that is no authority's",
      ]],
      [{ ...server, ca: authority.key }, ['ca.key" holds no certificate as PEM']],
    ];
    for (const [files, says] of cases) {
      // What is wrong is told once, however many listeners there are.
      const listen = ["--listen", "127.0.0.1:0", "--listen", "[::1]:0"];
      const args = ["check", ...SERVER, ...listen, ...flagsOf(files, files.ca)];
      const { code, stderr } = await runProgram(args);
      assert.equal(code, 2, stderr);
      const lines = stderr.trim().split("\n");
      assert.equal(lines.length, says.length, stderr);
      for (const [nth, words] of says.entries()) assert.ok(lines[nth]!.includes(words), stderr);
      assert.doesNotMatch(stderr, /PRIVATE KEY-/);
    }
    const { code } = await runProgram([
      "check",
      ...SERVER,
      "--listen",
      ":0",
      ...flagsOf(server, authority.cert),
    ]);
    assert.equal(code, 0);
  },
});

Deno.test({
  name: "keys of all kinds that are said to do are served",
  ignore,
  async fn() {
    await using setting = await tlsSetting();
    const { folder, authority } = setting;
    const kinds: [string, string[]][] = [
      ["rsa", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]],
      ["p384", ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]],
      ["p521", ["EC", "-pkeyopt", "ec_paramgen_curve:P-521"]],
      ["ed25519", ["ED25519"]],
    ];
    for (const [name, algorithm] of kinds) {
      const [cert, key] = [`${folder}/${name}.pem`, `${folder}/${name}.key`];
      await openssl("genpkey", "-algorithm", ...algorithm, "-out", key);
      await openssl(
        ...["req", "-x509", "-key", key, "-subj", "/CN=localhost", "-days", "20", "-out", cert],
        ...["-addext", "subjectAltName=DNS:localhost"],
      );
      await using program = await startProgram([...SERVER, ...flagsOf({ cert, key })]);
      const { status, output } = await askBySClient(program.address, ["-CAfile", cert]);
      assert.equal(status, 200, output);
    }
    assert.ok(authority);
  },
});

async function shows(program: Program, { cert }: Certified): Promise<boolean> {
  const { output } = await askBySClient(program.address, ["-showcerts"]);
  return output.includes((await Deno.readTextFile(cert)).trim());
}

Deno.test({
  name: "what changes is taken once it is right; what is wrong is told of once for each change",
  ignore,
  async fn() {
    await using setting = await tlsSetting();
    const { folder, server, authority } = setting;
    const next = await authority.issue("next");
    const live = { cert: `${folder}/live.pem`, key: `${folder}/live.key` };
    const put = async ({ cert, key }: Certified) => {
      await Deno.copyFile(cert, live.cert);
      await Deno.copyFile(key, live.key);
    };
    await put(server);
    await using program = await startProgram([...SERVER, ...flagsOf(live)]);
    const told = "the changed certificate can't be used, the one before it still is";

    // Half of it, and no more for now.
    await Deno.copyFile(next.key, live.key);
    assert.match(String((await program.entry(told))["reason"]), /live\.key" is not the key of/);
    assert.ok(await shows(program, server));
    await Deno.remove(live.cert);
    assert.match(String((await program.entry(told, 2))["reason"]), /live\.pem" cannot be read/);
    assert.ok(await shows(program, server));
    await put(next);
    const { path, expires } = await program.entry("certificate renewed");
    assert.equal(path, live.cert);
    assert.ok(new Date(String(expires)).getTime() > Date.now());
    assert.ok(await shows(program, next));
    // Written again as it was.
    await put(next);
    // Back, in one step by a rename.
    for (const name of ["cert", "key"] as const) {
      await Deno.copyFile(server[name], `${live[name]}.new`);
      await Deno.rename(`${live[name]}.new`, live[name]);
    }
    await program.entry("certificate renewed", 2);
    await eventually("the first one again", () => shows(program, server));
    assert.equal(program.entries(told).length, 2);
  },
});

Deno.test({
  name:
    "a certificate that ends soon, or has, is warned of by `check`, at the start and when it is taken",
  ignore,
  async fn() {
    await using setting = await tlsSetting();
    const { folder, authority } = setting;
    const soon = await authority.issue("soon", { days: 10 });
    const late = await authority.issue("late", { days: -1 });
    const long = await authority.issue("long", { days: 20 });
    const check = async (pair: Certified) => {
      const { code, stderr } = await runProgram([
        "check",
        ...SERVER,
        "--listen",
        ":0",
        "--origin",
        "x",
        ...flagsOf(pair),
      ]);
      assert.equal(code, 0);
      return stderr;
    };
    assert.match(
      await check(soon),
      /^wstunnel: warning: --tls-cert: ".*soon\.pem" expires in 9 days, 20\d\d-/m,
    );
    assert.match(await check(late), /late\.pem" has expired, 20\d\d-/);
    assert.doesNotMatch(await check(long), /expire/);
    const live = { cert: `${folder}/live.pem`, key: `${folder}/live.key` };
    await Deno.copyFile(soon.cert, live.cert);
    await Deno.copyFile(soon.key, live.key);
    await using program = await startProgram([...SERVER, ...flagsOf(live)]);
    const warnings = () =>
      program.log.all.filter((line) => /expire/.test(line) && !/renewed/.test(line));
    assert.equal(warnings().length, 1);
    await Deno.copyFile(late.key, live.key);
    await Deno.copyFile(late.cert, live.cert);
    await program.entry("certificate renewed");
    await eventually("the warning", () => warnings().length === 2);
    assert.match(warnings()[1]!, /certificate has expired/);
  },
});
