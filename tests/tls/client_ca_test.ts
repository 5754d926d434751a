/** Clients that must have a certificate: those that have one, and all that only look so. */
import assert from "node:assert/strict";
import { hashSync } from "../../lib/access/bcrypt.ts";
import { echo, serveBackend } from "../support/backends.ts";
import { type Certified, makeAuthority, selfSigned } from "../support/certificates.ts";
import { type Program, startProgram } from "../support/program.ts";
import { handshake } from "../support/raw_client.ts";
import { makeSecret } from "../support/secrets.ts";
import { type TlsSetting, tlsSetting } from "../support/tls.ts";
import { ASK_HEALTH, askBySClient, NO_OPENSSL } from "./s_client.ts";

const ignore = NO_OPENSSL !== null;

const FOR_CLIENTS = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n";
const FOR_SERVERS = FOR_CLIENTS.replace("clientAuth", "serverAuth");

const VERSIONS = ["-tls1_2", "-tls1_3"];

const UNKNOWN =
  "the client's certificate is of no authority in client-ca, not for a client, or not of " +
  "version 3 of X.509";
const NONE = "the client has shown no certificate";

/** Two listeners of one program: the first asks for certificates of `authority`, the second for none. */
async function withListeners(
  body: (program: Program, setting: TlsSetting) => Promise<void>,
): Promise<void> {
  await using setting = await tlsSetting();
  await using backend = serveBackend(echo);
  const { folder, server, authority } = setting;
  const { port } = new URL(`tcp://${backend.address}`);
  const pair = `cert = "${server.cert}", key = "${server.key}"`;
  const config = `${folder}/config.toml`;
  await Deno.writeTextFile(
    config,
    `[[listen]]\naddress = "127.0.0.1:0"\ntls = { ${pair}, client-ca = "${authority.cert}" }\n` +
      `[[listen]]\naddress = "127.0.0.1:0"\ntls = { ${pair} }\n` +
      `[wstunnel]\nframe-type = "binary"\n[wstunnel.server]\n"/" = { port = ${port} }\n`,
  );
  await using program = await startProgram(["--config", config], { listen: [], listeners: 2 });
  await body(program, setting);
}

function shown({ cert, key }: Certified): string[] {
  return ["-cert", cert, "-key", key];
}

Deno.test({
  name: "a client comes in with a certificate of the authority, and is the user that it names",
  ignore,
  async fn() {
    await withListeners(async (program, { authority }) => {
      const subject = "/O=example/CN=alice";
      const alice = await authority.issue("alice", { subject, extensions: FOR_CLIENTS });
      const plain = await authority.issue("plain", { subject: "/O=nobody" });
      for (const version of VERSIONS) {
        for (const one of [alice, plain]) {
          const { status, output } = await askBySClient(
            program.address,
            [...shown(one), version],
          );
          assert.equal(status, 200, output);
        }
      }
      const asked = await askBySClient(
        program.address,
        shown(alice),
        handshake() + "\x88\x80\0\0\0\0",
      );
      assert.equal(asked.status, 101);
      const { user } = await program.entry("tunnel closed");
      assert.equal(user, "alice");
    });
  },
});

Deno.test({
  name:
    "none comes in without a certificate, or with one that is another's, expired, of version 1 or not for clients",
  ignore,
  async fn() {
    await withListeners(async (program, { authority, folder }) => {
      const rogue = await makeAuthority(folder, "rogue");
      // It has the name of the one that is trusted, and another key.
      const alike = await makeAuthority(folder, "alike", "/CN=ca");
      const cases: [Certified | null, string][] = [
        [null, NONE],
        [
          await authority.issue("old", { days: -1, extensions: FOR_CLIENTS }),
          "the client's certificate has expired",
        ],
        [await authority.issue("server-only", { extensions: FOR_SERVERS }), UNKNOWN],
        [await authority.issue("version-1", { extensions: null }), UNKNOWN],
        [await rogue.issue("mallory", { extensions: FOR_CLIENTS }), UNKNOWN],
        [await alike.issue("eve", { extensions: FOR_CLIENTS }), UNKNOWN],
        [await alike.issue("eve-1", { extensions: null }), UNKNOWN],
        [await selfSigned(folder, "self", "/CN=self"), UNKNOWN],
      ];
      let nth = 0;
      for (const [certificate, reason] of cases) {
        for (const version of VERSIONS) {
          const args = certificate === null ? [] : shown(certificate);
          const { status, output } = await askBySClient(program.address, [...args, version]);
          assert.equal(status, null, output);
          const refused = await program.entry("no TLS connection", ++nth);
          assert.equal(refused["reason"], reason);
        }
      }
      assert.equal(
        (await askBySClient(program.addresses[1]!)).status,
        200,
        "the other asks for none",
      );
    });
  },
});

Deno.test({
  name: "a session is resumed with a certificate that was verified, and opens no other way in",
  ignore,
  async fn() {
    await withListeners(async (program, { authority, folder }) => {
      const alice = await authority.issue("alice", { extensions: FOR_CLIENTS });
      const [asking, open] = program.addresses as [string, string];
      for (const version of VERSIONS) {
        const session = `${folder}/session`;
        const first = [...shown(alice), version, "-sess_out", session];
        assert.equal((await askBySClient(asking, first)).status, 200);
        const again = [...shown(alice), version, "-sess_in", session];
        const resumed = await askBySClient(asking, again);
        assert.equal(resumed.status, 200, resumed.output);
        assert.match(resumed.output, /^Reused, /m);

        // The runtime takes tickets of all its listeners for one another's.
        const elsewhere = [version, "-sess_out", session];
        assert.equal((await askBySClient(open, elsewhere)).status, 200);
        const { status } = await askBySClient(asking, [version, "-sess_in", session]);
        assert.equal(status, null);
      }
    });
  },
});

Deno.test({
  name: "a session whose certificate was refused lets nobody in either",
  ignore,
  async fn() {
    await withListeners(async (program, { folder }) => {
      const rogue = await makeAuthority(folder, "rogue");
      const mallory = await rogue.issue("mallory", { extensions: FOR_CLIENTS });
      for (const version of VERSIONS) {
        const session = `${folder}/session`;
        const args = [...shown(mallory), version];
        await askBySClient(program.address, [...args, "-sess_out", session], ASK_HEALTH);
        const hasOne = await Deno.stat(session).then(() => true, () => false);
        const again = hasOne ? [...args, "-sess_in", session] : args;
        assert.equal((await askBySClient(program.address, again)).status, null);
      }
    });
  },
});

Deno.test({
  name:
    "auth.certificate lets in those whom it names, by the certificate alone or a password in its place",
  ignore,
  async fn() {
    await using setting = await tlsSetting();
    const { folder, server, authority } = setting;
    await using backend = serveBackend(echo);
    const password = await usersFile(folder);
    const { port } = new URL(`tcp://${backend.address}`);
    const config = `${folder}/config.toml`;
    await Deno.writeTextFile(
      config,
      `listen = { address = "127.0.0.1:0", tls = { cert = "${server.cert}", key = "${server.key}", ` +
        `client-ca = "${authority.cert}" } }\n` +
        `[wstunnel]\nframe-type = "binary"\nauth = { certificate = ["ann", "bob"] }\n` +
        `[wstunnel.server."/both"]\nport = ${port}\n` +
        `auth = { certificate = "ann", basic = "${folder}/users" }\n` +
        `[wstunnel.server."/"]\nport = ${port}\n`,
    );
    await using program = await startProgram(["--config", config], { listen: [], listeners: 1 });
    const ask = async (name: string, target: string, fields: Record<string, string> = {}) => {
      const one = await authority.issue(name, { subject: `/CN=${name}`, extensions: FOR_CLIENTS });
      const request = handshake(target, fields) + "\x88\x80\0\0\0\0";
      return await askBySClient(program.address, shown(one), request);
    };
    for (const name of ["ann", "bob"]) {
      const { status, output } = await ask(name, "/");
      assert.equal(status, 101, output);
    }
    const other = await ask("bobby", "/");
    assert.equal(other.status, 403);
    assert.match(other.output, /the certificate is not valid/);
    assert.doesNotMatch(other.output, /www-authenticate/i);
    assert.equal((await program.entry("tunnel closed", 2))["user"], "bob");
    assert.equal((await program.entry("request refused"))["why"], "no such certificate");
    assert.equal((await ask("ann", "/both")).status, 101);
    const bob = await ask("bob", "/both");
    assert.equal(bob.status, 401);
    assert.match(bob.output, /www-authenticate: basic realm/i);
    const Authorization = `Basic ${btoa(`carl:${password}`)}`;
    assert.equal((await ask("bob", "/both", { Authorization })).status, 101);
    assert.equal((await program.entry("tunnel closed", 4))["user"], "carl");
  },
});

/** A user `carl` in the file `users`; gives his password. */
async function usersFile(folder: string): Promise<string> {
  const password = makeSecret("the password of carl");
  await Deno.writeTextFile(`${folder}/users`, `carl:${hashSync(password, 4)}\n`);
  return password;
}
