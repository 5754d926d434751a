/** A reload by a signal: what holds from then on, what goes on as it was, and what a wrong configuration changes. */
import assert from "node:assert/strict";
import { openFolder, tokenLine } from "../support/auth_files.ts";
import { echo, serveBackend } from "../support/backends.ts";
import { type Certified, makeAuthority, NO_OPENSSL } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { makeSecret } from "../support/secrets.ts";
import { startProgram } from "../support/program.ts";
import { openRaw } from "../support/raw_client.ts";

async function statusOf(address: string, path: string): Promise<number> {
  using client = await openRaw(address);
  await client.write(`GET ${path} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n`);
  return (await client.head()).status;
}

Deno.test("SIGHUP reads the configuration again; a wrong one changes nothing and is named with its line", async () => {
  await using backend = serveBackend(echo);
  const { port } = new URL(`tcp://${backend.address}`);
  const folder = await Deno.makeTempDir();
  const file = `${folder}/wstunnel.toml`;
  const write = (route: string, more = "") =>
    Deno.writeTextFile(
      file,
      `${more}[[wstunnel.server."${route}"]]\nport = ${port}\n`,
    );
  await write("/a");
  try {
    await using program = await startProgram(["--config", file]);
    assert.deepEqual(
      [await statusOf(program.address, "/a"), await statusOf(program.address, "/b")],
      [426, 404],
    );

    await write("/b");
    program.signal("SIGHUP");
    await program.entry("the configuration holds from now on");
    assert.deepEqual(
      [await statusOf(program.address, "/a"), await statusOf(program.address, "/b")],
      [404, 426],
    );

    await write("/c", 'grace-time = "soon"\n');
    program.signal("SIGHUP");
    const refused = await program.entry(
      "the reload is refused, the configuration before it still holds",
    );
    assert.equal(refused["problems"], 1);
    assert.match(
      program.log.all.join(" "),
      /wstunnel\.toml:1: grace-time: .* current value is .{1,2}soon/,
    );
    assert.deepEqual(
      [await statusOf(program.address, "/b"), await statusOf(program.address, "/c")],
      [426, 404],
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name:
    "with flags alone SIGHUP has renewed tokens and certificates taken before it is told to be over; what is wrong with one refuses all",
  ignore: NO_OPENSSL !== null,
  async fn() {
    await using folder = await openFolder();
    const authority = await makeAuthority(folder.path);
    const [first, second] = [await authority.issue("first"), await authority.issue("second")];
    const [cert, key] = [`${folder.path}/cert.pem`, `${folder.path}/key.pem`];
    const take = async (pair: Certified) => {
      await Deno.copyFile(pair.cert, cert);
      await Deno.copyFile(pair.key, key);
    };
    await take(first);
    const tokens = await folder.write("tokens", tokenLine("ann", makeSecret("a token")));
    await using program = await startProgram([
      ...["--server", "127.0.0.1:1", "--frame-type", "binary", "--auth-token", tokens],
      ...["--tls-cert", cert, "--tls-key", key],
    ]);
    const messages = () =>
      program.log.all.map((line) => (JSON.parse(line) as { message: string }).message);
    const reload = async (message: string) => {
      const from = messages().length;
      program.signal("SIGHUP");
      await eventually(message, () => messages().slice(from).includes(message));
      return messages();
    };
    const holds = "the configuration holds from now on";
    const renewed = ["certificate renewed", "file has been renewed"];

    await take(second);
    await folder.write("tokens", tokenLine("bob", makeSecret("another token")));
    const said = await reload(holds);
    for (const one of renewed) {
      assert.ok(said.includes(one), one);
      assert.ok(said.indexOf(one) < said.indexOf(holds), one);
    }
    assert.ok(said.includes("nothing has changed"));

    await Deno.writeTextFile(cert, "nonsense\n");
    await folder.write("tokens", "nonsense\n");
    await reload("the reload is refused, the configuration before it still holds");
    const problems = program.log.all.join("\n");
    assert.match(problems, /--tls-cert: /);
    assert.match(problems, /--auth-token: /);

    await take(second);
    await folder.write("tokens", tokenLine("bob", makeSecret("a third token")));
    await reload(holds);
  },
});
