/** The status page at each place where the admin listener may be, while the program drains, and in both colour schemes. */
import assert from "node:assert/strict";
import { openFolder } from "../support/auth_files.ts";
import { CHROMIUM } from "../support/chromium.ts";
import { closeQuietly, connect } from "../support/connection.ts";
import { eventually } from "../support/eventually.ts";
import type { Page } from "../support/page.ts";
import { startProgram } from "../support/program.ts";
import { openTunnel } from "../support/raw_client.ts";
import { makeSecret } from "../support/secrets.ts";
import { openEcho, show, startAdmin } from "./page_world.ts";

function test(name: string, fn: () => Promise<void>): void {
  const skipped = CHROMIUM === null ? " (skipped: no chromium)" : "";
  Deno.test({ name: `the status page ${name}${skipped}`, ignore: CHROMIUM === null, fn });
}

/** Leads a port to a socket's file, as `ssh -L` does. */
function forward(path: string): { url: string } & AsyncDisposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const under = new Set<Promise<unknown>>();
  const open = new Set<Deno.Conn>();
  const accepting = (async () => {
    for await (const near of listener) {
      const far = await connect(`unix:${path}`).catch(() => null);
      if (far === null) {
        closeQuietly(near);
        continue;
      }
      for (const one of [near, far]) open.add(one);
      const ways = [[near, far], [far, near]] as const;
      for (const [from, to] of ways) under.add(from.readable.pipeTo(to.writable).catch(() => {}));
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}/`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const one of open) closeQuietly(one);
      await Promise.all(under);
    },
  };
}

test("needs no token through a socket, and says that the program drains until it is gone", async () => {
  await using folder = await openFolder();
  const { backend, flags } = openEcho();
  await using _backend = backend;
  const file = await folder.write("wstunnel.toml", "drain-time = 60\n");
  const socket = `${folder.path}/admin.sock`;
  await using program = await startProgram([
    ...flags,
    ...["--config", file, "--admin", `unix:${socket}`],
  ]);
  await using way = forward(socket);
  await using shown = await show(way.url);
  const { until, click, text } = shown;
  {
    using ended = await openTunnel(program.address);
    await until("a tunnel", `document.querySelectorAll("#rows tr").length === 1`);
    await click("#rows button");
    await click("#end-confirm");
    assert.equal((await ended.closed()).reason, "ended by the operator");
  }
  using last = await openTunnel(program.address);
  await until("it alone", `document.querySelector("#rows").innerText.startsWith("2\\n")`);
  program.signal("SIGTERM");
  await until("the drain", `document.querySelector("#phase").textContent === "Draining"`);
  await until(
    "who is left",
    `/ 1 tunnel left\\.$/.test(document.querySelector("#draining").innerText)`,
  );
  assert.match(String(await shown.page.evaluate("document.title")), /^1 tunnel, draining/);
  last[Symbol.dispose]();
  assert.equal(await program.exit(), 0);
  await until("the loss", `document.querySelector("#phase").textContent === "Disconnected"`);
  assert.equal(await text("#pid"), String(program.pid));
});

/** Gives the browser a password whenever it is asked for one, with any user, until it is stopped. */
function createAnswers(password: string): { prepare(page: Page): Promise<void> } & Disposable {
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    async prepare({ command, told }) {
      await command("Fetch.enable", { handleAuthRequests: true });
      const authChallengeResponse = {
        response: "ProvideCredentials",
        username: "anybody",
        password,
      };
      let read = 0;
      timer = setInterval(() => {
        for (const { method, params: { requestId } } of told.slice(read)) {
          read++;
          const answer = method === "Fetch.requestPaused"
            ? command("Fetch.continueRequest", { requestId })
            : method === "Fetch.authRequired"
            ? command("Fetch.continueWithAuth", { requestId, authChallengeResponse })
            : null;
          // The request may be over, or the browser.
          answer?.catch(() => {});
        }
      }, 10);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

test("is shown to other machines by the token as a password, and asks for it to change something", async () => {
  await using folder = await openFolder();
  const token = makeSecret("the admin token");
  const { backend, flags } = openEcho();
  await using _backend = backend;
  const tokenFile = await folder.write("admin", `${token}\n`);
  const { program, url } = await startAdmin(
    [...flags, "--admin-token-file", tokenFile],
    { at: "0.0.0.0:0" },
  );
  await using _program = program;
  const here = url.replace("0.0.0.0", "127.0.0.1");
  assert.equal(await fetch(here).then((answer) => answer.text().then(() => answer.status)), 401);
  using answers = createAnswers(token);
  await using shown = await show(here, answers.prepare);
  const { until, click, type, page } = shown;
  using client = await openTunnel(program.address);
  await until("a tunnel", `document.querySelectorAll("#rows tr").length === 1`);
  await click("#rows button");
  await click("#end-confirm");
  await until("the question for the token", `document.querySelector("#token-dialog").open`);
  await type(token);
  await page.press("Enter");
  assert.equal((await client.closed()).code, 1001);
});

/** The pairs of colours that stand on each other, by their names in the style sheet. */
const PAIRS = ["ink", "soft", "accent", "second", "good", "busy", "leaving", "bad"].flatMap((
  text,
) => ["raised", "ground", "faint"].map((ground) => [text, ground] as const)).concat([
  ["ink", "leaving-ground"],
  ["ink", "bad-ground"],
  ["raised", "ink"],
]);

/** WCAG 2.2, success criterion 1.4.3. */
function contrast(colours: readonly string[]): number {
  const [a, b] = colours.map((colour) => {
    const [red, green, blue] = [1, 3, 5].map((at) => {
      const value = parseInt(colour.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  });
  return (Math.max(a!, b!) + 0.05) / (Math.min(a!, b!) + 0.05);
}

test("can be read in light and in dark", async () => {
  const { backend, flags } = openEcho();
  await using _backend = backend;
  const { program, url } = await startAdmin(flags);
  await using _program = program;
  await using shown = await show(url);
  const grounds = new Set<string>();
  for (const value of ["light", "dark"]) {
    await shown.page.command("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value }],
    });
    const colour = async (name: string) =>
      String(
        await shown.page.evaluate(
          `getComputedStyle(document.documentElement).getPropertyValue("--${name}").trim()`,
        ),
      );
    grounds.add(await colour("ground"));
    for (const pair of PAIRS) {
      const colours = await Promise.all(pair.map(colour));
      for (const one of colours) assert.match(one, /^#[0-9a-f]{6}$/);
      const ratio = contrast(colours);
      assert(ratio >= 4.5, `${pair.join(" on ")} in ${value}: ${ratio.toFixed(2)}`);
    }
  }
  assert.equal(grounds.size, 2);
  await eventually(
    "its own scheme",
    async () =>
      await shown.page.evaluate(`getComputedStyle(document.body).backgroundColor`) !==
        "rgb(246, 247, 248)",
  );
});
