/** `wstunnel websockify` as a server: what the options mean, seen by a client. */
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { named } from "../e2e/targets.ts";
import { text } from "../e2e/whole.ts";
import { testUnless } from "../ship/executable.ts";
import { makeAuthority, NO_OPENSSL } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { inFolder } from "../support/folder.ts";
import { accepts, installed } from "../support/installed.ts";
import { runProgram, startWords } from "../support/program.ts";
import { handshake, Opcode, openRaw, openTunnel } from "../support/raw_client.ts";
import { keepSecret, makeSecret } from "../support/secrets.ts";
import { askBySClient } from "../tls/s_client.ts";
import { startWebsockify } from "./running.ts";

/** What the server at the other end of a tunnel says. */
async function saidAt(address: string, target = "/", fields: Record<string, string> = {}) {
  using client = await openTunnel(address, target, fields);
  const said = text(await client.message(Opcode.BINARY));
  await client.close(1000);
  return said;
}

/** The status that a request for a WebSocket is answered with. */
async function statusAt(address: string, target = "/", fields: Record<string, string> = {}) {
  using client = await openRaw(address);
  await client.write(handshake(target, fields));
  return (await client.head()).status;
}

Deno.test("`websockify PORT TARGET` leads every path there, on every interface by IPv4", () =>
  inFolder(async (folder) => {
    await using target = named("it");
    await using server = await startWebsockify(["0", target.address], folder);
    for (const path of ["/", "/websockify", "/a/b?c=d"]) {
      assert.equal(await saidAt(server.address, path), "it", path);
    }
    for (const Origin of ["http://anywhere.example", "null"]) {
      assert.equal(await saidAt(server.address, "/", { Origin }), "it");
    }
    const [line] = server.log.all.filter((line) => line.includes("listening on"));
    assert.match(line!, / listening on 0\.0\.0\.0:\d+ /);
    assert.equal(await server.end(), 0);
  }));

Deno.test("a token file leads to three targets, and may be edited while it runs", () =>
  inFolder(async (folder) => {
    await using one = named("one");
    await using two = named("two");
    await using three = named("three", { path: `${folder}/three.sock` });
    const file = `${folder}/tokens`;
    const lines = [`a: ${one.address}`, `b: ${two.address}`, `c: ${three.address}`];
    await Deno.writeTextFile(file, `# token: host:port\n${lines.join("\n")}\n`);
    const args = ["--token-plugin", "TokenFile", "--token-source=tokens", "0"];
    await using server = await startWebsockify(args, folder);
    const all = () =>
      Promise.all(
        ["a", "b", "c"].map((token) => saidAt(server.address, `/websockify?token=${token}`)),
      );
    assert.deepEqual(await all(), ["one", "two", "three"]);
    assert.deepEqual(
      await Promise.all(
        ["/", "/?token=", "/?token=d"].map((path) => statusAt(server.address, path)),
      ),
      [403, 403, 403],
    );
    await Deno.writeTextFile(`${file}.new`, `d: ${one.address}\na: ${two.address}\n`);
    await Deno.rename(`${file}.new`, file);
    assert.equal(await saidAt(server.address, "/?token=d"), "one");
    assert.equal(await saidAt(server.address, "/?token=a"), "two");
    assert.equal(await statusAt(server.address, "/?token=b"), 403);
  }));

Deno.test("JWTTokenApi leads where a token says that the key proves, also one without an end", () =>
  inFolder(async (folder) => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await Deno.writeTextFile(
      `${folder}/key.pem`,
      String(publicKey.export({ type: "spki", format: "pem" })),
    );
    await using target = named("it");
    const { hostname: host, port } = new URL(`tcp://${target.address}`);
    const part = (value: unknown) =>
      new TextEncoder().encode(JSON.stringify(value))
        .toBase64({ alphabet: "base64url", omitPadding: true });
    const token = (claims: Record<string, unknown>) => {
      const body = `${part({ alg: "ES256" })}.${part({ host, port, ...claims })}`;
      const bytes = sign("sha256", new TextEncoder().encode(body), {
        key: privateKey,
        dsaEncoding: "ieee-p1363",
      });
      return keepSecret("a token", `${body}.${bytes.toString("base64url")}`);
    };
    const args = ["--token-plugin", "JWTTokenApi", "--token-source", "key.pem", "0"];
    await using server = await startWebsockify(args, folder);
    assert.equal(await saidAt(server.address, `/websockify?token=${token({})}`), "it");
    assert.equal(await statusAt(server.address, `/?token=${token({ exp: 1 })}`), 401);
    assert.equal(await statusAt(server.address, `/?token=${token({})}x`), 401);
    assert.equal(await statusAt(server.address), 401);
  }));

Deno.test("a name of a host is the token, with --host-token", () =>
  inFolder(async (folder) => {
    await using one = named("one");
    await Deno.writeTextFile(`${folder}/tokens`, `desk.example: ${one.address}\n`);
    const args = ["--target-config", "tokens", "--host-token", "0"];
    await using server = await startWebsockify(args, folder);
    assert.equal(await saidAt(server.address, "/", { Host: "desk.example:6080" }), "one");
    assert.equal(await statusAt(server.address, "/?token=desk.example"), 403);
  }));

Deno.test("BasicHTTPAuth asks for the password of --auth-source, which is kept as a hash", () =>
  inFolder(async (folder) => {
    const secret = makeSecret("the password of --auth-source");
    await using target = named("it");
    const temporary = `${folder}/tmp`;
    await Deno.mkdir(temporary);
    const args = ["--auth-plugin", "BasicHTTPAuth", "--auth-source", `ann:${secret}`];
    await using server = await startWebsockify([...args, "0", target.address], folder, {
      env: { TMPDIR: temporary },
    });
    const Authorization = `Basic ${btoa(`ann:${secret}`)}`;
    assert.equal(await statusAt(server.address), 401);
    const wrong = { Authorization: `Basic ${btoa("ann:wrong")}` };
    assert.equal(await statusAt(server.address, "/", wrong), 401);
    assert.equal(await saidAt(server.address, "/", { Authorization }), "it");
    const [made] = [...Deno.readDirSync(temporary)];
    const file = `${temporary}/${made!.name}/users`;
    assert.deepEqual(
      [Deno.statSync(`${temporary}/${made!.name}`), Deno.statSync(file)].map(({ mode }) =>
        mode! & 0o777
      ),
      [0o700, 0o600],
    );
    assert.match(Deno.readTextFileSync(file), /^ann:\$2[aby]\$10\$[./\w]{53}\n$/);
    assert.equal(await server.end(), 0);
    assert.deepEqual([...Deno.readDirSync(temporary)], []);
  }));

Deno.test("BasicHTTPAuth says in a line that nothing can be written where temporary files are", () =>
  inFolder(async (folder) => {
    const secret = makeSecret("the password of --auth-source");
    const args = ["--auth-plugin", "BasicHTTPAuth", "--auth-source", `ann:${secret}`];
    const starting = startWebsockify([...args, "0", "127.0.0.1:1"], folder, {
      env: { TMPDIR: `${folder}/none` },
    });
    await assert.rejects(starting, ({ message }: Error) => {
      const [, , ...lines] = message.split("\n").map((line) => line.replace(/^wstunnel: /, ""));
      assert.equal(lines.length, 1, message);
      assert.match(
        lines[0]!,
        /^websockify: --auth-source: no temporary file can be written for it: /,
      );
      return true;
    });
  }));

Deno.test("ExpectOrigin lets in pages of the origins of --auth-source", () =>
  inFolder(async (folder) => {
    await using target = named("it");
    const source = "http://a.example  https://b.example:8";
    const args = ["--auth-plugin=ExpectOrigin", "--auth-source", source, "0", target.address];
    await using server = await startWebsockify(args, folder);
    assert.equal(await saidAt(server.address, "/", { Origin: "http://a.example" }), "it");
    assert.equal(await saidAt(server.address, "/", { Origin: "https://b.example:8" }), "it");
    for (const Origin of ["https://b.example", "http://c.a.example", "http://a.example.org"]) {
      assert.equal(await statusAt(server.address, "/", { Origin }), 403, Origin);
    }
    assert.equal(await statusAt(server.address), 400);
  }));

Deno.test("--run-once ends with the first tunnel, --timeout and --idle-timeout without one", () =>
  inFolder(async (folder) => {
    await using target = named("it");
    const runs = ["--run-once", "--timeout=1", "--idle-timeout=1"].map(async (option) => {
      await using server = await startWebsockify([option, "0", target.address], folder);
      if (option === "--run-once") assert.equal(await saidAt(server.address), "it");
      assert.equal(await server.exit(), 0, option);
    });
    await Promise.all(runs);
  }));

/** A folder to serve: an `index.html`, and a folder without one. */
async function writeFiles(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/web/sub`, { recursive: true });
  await Deno.writeTextFile(`${folder}/web/index.html`, "the page");
  await Deno.writeTextFile(`${folder}/web/sub/file.txt`, "the file");
}

/** The status of an answer and its text. */
async function getAt(address: string, path: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`http://${address}${path}`, { headers });
  return [answer.status, await answer.text()] as const;
}

Deno.test("--web serves files beside tunnels, and lists folders unless it is told --file-only", () =>
  inFolder(async (folder) => {
    await writeFiles(folder);
    await using target = named("it");
    const words = ["--web", "web", "0", target.address];
    await using server = await startWebsockify(words, folder);
    assert.deepEqual(await getAt(server.address, "/"), [200, "the page"]);
    assert.deepEqual(await getAt(server.address, "/sub/file.txt"), [200, "the file"]);
    const [status, list] = await getAt(server.address, "/sub/");
    assert.equal(status, 200);
    assert.match(list, /file\.txt/);
    assert.equal((await getAt(server.address, "/nothing"))[0], 404);
    assert.equal(await saidAt(server.address, "/websockify"), "it");
    await using plain = await startWebsockify(["--file-only", ...words], folder);
    assert.deepEqual(await getAt(plain.address, "/sub/file.txt"), [200, "the file"]);
    assert.notEqual((await getAt(plain.address, "/sub/"))[0], 200);
  }));

Deno.test("files are for everybody, but with --web-auth", () =>
  inFolder(async (folder) => {
    await writeFiles(folder);
    const secret = makeSecret("the password for files");
    const Authorization = `Basic ${btoa(`ann:${secret}`)}`;
    await using target = named("it");
    const origin = ["--auth-plugin", "ExpectOrigin", "--auth-source", "http://a.example"];
    const basic = ["--auth-plugin", "BasicHTTPAuth", "--auth-source", `ann:${secret}`];
    const words = ["--web", "web", "0", target.address];
    const start = (more: readonly string[]) => startWebsockify([...more, ...words], folder);
    await using expecting = await start(origin);
    assert.deepEqual(await getAt(expecting.address, "/"), [200, "the page"]);
    assert.equal(await statusAt(expecting.address, "/", { Origin: "http://b.example" }), 403);
    await using open = await start(basic);
    assert.deepEqual(await getAt(open.address, "/"), [200, "the page"]);
    assert.equal(await statusAt(open.address), 401);
    await using asking = await start([...basic, "--web-auth"]);
    assert.equal((await getAt(asking.address, "/"))[0], 401);
    assert.deepEqual(await getAt(asking.address, "/", { Authorization }), [200, "the page"]);
    assert.equal(await saidAt(asking.address, "/", { Authorization }), "it");
  }));

Deno.test("--unix-listen and --unix-target", () =>
  inFolder(async (folder) => {
    await using target = named("it", { path: `${folder}/target` });
    const args = ["--unix-listen", "here", "--unix-target", "./target"];
    await using server = await startWebsockify(args, folder);
    assert.equal(Deno.statSync(`${folder}/here`).mode! & 0o777, 0o600);
    assert.equal(await saidAt(`unix:${folder}/here`), "it");
    assert.equal(server.address, `unix:${folder}/here`);
    assert.ok(target.count > 0);
  }));

/** What inetd does: a socket that listens becomes standard input of a program. */
const INETD = `import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
os.dup2(listener.fileno(), 0)
os.execvp(sys.argv[1], sys.argv[1:])`;

const PYTHON = installed("python3");

testUnless(
  PYTHON === null ? "python3 is not installed" : null,
  "--inetd listens at the socket that is standard input",
  () =>
    inFolder(async (folder) => {
      await using target = named("it");
      const before = [PYTHON!, "-c", INETD];
      const words = ["--inetd", "--run-once", target.address];
      await using server = await startWebsockify(words, folder, { before });
      assert.equal(await saidAt(server.address), "it");
      assert.equal(await server.exit(), 0);
    }),
);

testUnless(
  PYTHON === null ? "python3 is not installed" : null,
  "--inetd -D hands the socket on to the one in the background",
  async () => {
    await using target = named("it");
    const words = ["websockify", "--inetd", "-D", "--run-once", target.address];
    const { code, stderr } = await runProgram(words, [PYTHON!, "-c", INETD, ...startWords()]);
    assert.equal(code, 0, stderr);
    const pid = Number(/as process (\d+)$/m.exec(stderr)?.[1]);
    const address = /listening on (\S+)/.exec(stderr)![1]!;
    try {
      assert.equal(await saidAt(address), "it");
      await eventually("its end", async () => !await accepts(address));
    } catch (error) {
      Deno.kill(pid);
      throw error;
    }
  },
);

/** The line of websockify's documents. */
const SELF = "req -new -x509 -days 365 -nodes -out self.pem -keyout self.pem -subj /CN=localhost";

testUnless(
  NO_OPENSSL ?? (installed("curl") === null ? "curl is not installed" : null),
  "self.pem of the folder is for ws:// and wss:// at one port, with --ssl-only for one",
  () =>
    inFolder(async (folder) => {
      await using target = named("it");
      const { success } = await new Deno.Command("openssl", {
        args: SELF.split(" "),
        cwd: folder,
        stderr: "null",
      }).output();
      assert.ok(success);
      const overTls = async (address: string) => {
        const { stdout } = await new Deno.Command("curl", {
          args: ["-s", "-k", "-o", "-", `https://${address}/healthz`],
        }).output();
        return new TextDecoder().decode(stdout);
      };
      {
        await using server = await startWebsockify(["0", target.address], folder);
        assert.equal(await saidAt(server.address), "it");
        assert.equal(await overTls(server.address), "ok\n");
      }
      await using server = await startWebsockify(["--ssl-only", "0", target.address], folder);
      assert.equal(await statusAt(server.address), 400);
      assert.equal(await overTls(server.address), "ok\n");
    }),
);

testUnless(
  NO_OPENSSL,
  "ClientCertCNAuth lets in who has a certificate of a name of --auth-source",
  () =>
    inFolder(async (folder) => {
      const authority = await makeAuthority(folder);
      await authority.issue("server");
      await using target = named("it");
      const tls = "--cert=server.pem --key=server.key --ssl-only --verify-client --cafile=ca.pem";
      const source = "jane@example.com Joe User9824510";
      const auth = ["--auth-plugin=ClientCertCNAuth", "--auth-source", source];
      const words = [...tls.split(" "), ...auth, "0", target.address];
      await using server = await startWebsockify(words, folder);
      const names = ["jane@example.com", "User9824510", "jane"];
      const statuses = [];
      for (const [at, name] of names.entries()) {
        const extensions = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n";
        const { cert, key } = await authority.issue(`client${at}`, {
          subject: `/CN=${name}`,
          extensions,
        });
        const asked = await askBySClient(
          server.address,
          ["-cert", cert, "-key", key],
          `${handshake()}\x88\x80\0\0\0\0`,
        );
        statuses.push(asked.status);
      }
      assert.deepEqual(statuses, [101, 101, 403]);
      const none = await askBySClient(server.address, [], handshake());
      assert.equal(none.status, null);
    }),
);

Deno.test("what is printed runs by --config as it does by its own words", () =>
  inFolder(async (folder) => {
    await using target = named("it");
    const words = ["--heartbeat", "30", "0", target.address];
    const printed = await runProgram(["websockify", "--print", ...words]);
    assert.deepEqual([printed.code, printed.stderr], [0, ""]);
    await Deno.writeTextFile(`${folder}/w.toml`, printed.stdout);
    const [checked, direct] = await Promise.all([
      runProgram(["check", "--config", `${folder}/w.toml`]),
      runProgram([
        "check",
        "--listen",
        "0.0.0.0:0",
        "--server",
        target.address,
        "--frame-type",
        "binary",
        "--ping-interval",
        "30",
      ]),
    ]);
    assert.deepEqual([checked.code, checked.stdout], [0, direct.stdout]);
  }));

Deno.test("what is wrong is told with its option, and exit code 2", async () => {
  const wrong = await runProgram(["websockify", "70000", "a:1", "--heartbeat=-1"]);
  assert.deepEqual([wrong.code, wrong.stdout], [2, ""]);
  assert.deepEqual(wrong.stderr.split("\n"), [
    'wstunnel: [HOST:]PORT: the port must be 0 to 65535: current value is "0.0.0.0:70000"',
    "wstunnel: --heartbeat: must be a number of seconds from 0 to 86400: current value is -1",
    "",
  ]);
  const none = await runProgram(["websockify"]);
  assert.deepEqual([none.code, none.stdout], [2, ""]);
  assert.match(none.stderr, /^wstunnel: websockify: Too few arguments: .*\n/);
  const help = await runProgram(["websockify", "--help"]);
  assert.deepEqual([help.code, help.stderr], [0, ""]);
  assert.match(help.stdout, /^Usage: wstunnel websockify /);
});
