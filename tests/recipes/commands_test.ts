/** The recipes of the README for clients of the command line, each run as it stands there. */
import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { installed, startServer } from "../support/installed.ts";
import { eventually } from "../support/eventually.ts";
import { prepareSshd } from "../support/ssh.ts";
import { fill, recipe } from "./readme.ts";
import { type Shell, testRecipe } from "./shell.ts";

testRecipe(
  "the recipe for SSH logs in",
  ["sshd", "ssh"],
  (shell) => logIn(shell, recipe("SSH", "sh", 1)),
);

testRecipe(
  "the recipe for the client logs in by ssh",
  ["sshd", "ssh"],
  (shell) => logIn(shell, recipe("Client", "sh", 0)),
);

/** Has the client's recipe run a command, behind the recipe for the server. */
async function logIn(shell: Shell, clientRecipe: string): Promise<void> {
  const { folder, port } = shell;
  const sshd = `127.0.0.1:${freePort()}`;
  await prepareSshd(folder, `ListenAddress ${sshd}\n`);
  await using _sshd = await startServer(
    installed("sshd")!,
    ["-D", "-e", "-f", `${folder}/config`],
    sshd,
  );
  const server = fill(recipe("SSH", "sh", 0), { "127.0.0.1:22": sshd });
  await shell.start(server, `127.0.0.1:${port}`);
  // Whose keys these are, and no more.
  const login = "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no " +
    `-o UserKnownHostsFile=/dev/null -o IdentityFile=${folder}/user -o ProxyCommand`;
  const client = fill(clientRecipe.trim(), {
    "ssh -o ProxyCommand": login,
    "localhost:8080": `localhost:${port}`,
    "user@server": "server",
  });
  const { code, stdout, stderr } = await shell.run(`${client} 'tr a-z A-Z; exit 7'`, "through\n");
  assert.deepEqual([code, stdout], [7, "THROUGH\n"], stderr);
}

testRecipe(
  "the recipe for a serial console types into it, one at a time",
  ["socat", "script"],
  async (shell) => {
    const { folder, port } = shell;
    const device = `${folder}/ttyS0`;
    await shell.start(`socat pty,link=${device},raw,echo=0 EXEC:"sed -u s/^/heard_/"`);
    await eventually("the device", () => Deno.stat(device).then(() => true, () => false));
    const config = fill(recipe("Serial console", "toml"), { "/dev/ttyS0": device });
    await Deno.writeTextFile(`${folder}/console.toml`, config);
    await shell.start(recipe("Serial console", "sh", 0), `127.0.0.1:${port}`);
    const client = fill(recipe("Serial console", "sh", 1).trim(), {
      "localhost\\:8080": `localhost\\:${port}`,
    });
    await Deno.writeTextFile(`${folder}/client.sh`, client);
    // script(1) gives it a terminal. The first stays until the second was refused.
    const [first, second] = await Promise.all([
      shell.run(
        `(echo first; until [ -e refused ]; do sleep 0.1; done; printf '\\035') |
        script -qfec 'sh client.sh' typescript`,
      ),
      (async () => {
        await eventually("the first", () => hasText(`${folder}/typescript`, /heard_first/));
        const ran = await shell.run(`wstunnel connect ws://localhost:${port}/console`);
        await Deno.writeTextFile(`${folder}/refused`, "");
        return ran;
      })(),
    ]);
    assert.equal(first.code, 0, first.stderr);
    assert.equal(second.code, 3);
    assert.match(second.stderr, /refuses: .*503/);
    const next = `wstunnel check --url ws://localhost:${port}/console`;
    await eventually("the console to be free", async () => (await shell.run(next)).code === 0);
  },
);

async function hasText(path: string, pattern: RegExp): Promise<boolean> {
  return await Deno.readTextFile(path).then((text) => pattern.test(text), () => false);
}
