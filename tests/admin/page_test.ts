/** The status page in a browser, in front of the program itself. */
import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { openFolder, tokenLine } from "../support/auth_files.ts";
import { CHROMIUM } from "../support/chromium.ts";
import { eventually } from "../support/eventually.ts";
import { closePayload, Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { makeSecret } from "../support/secrets.ts";
import { complaints, openEcho, show, type Shown, startAdmin } from "./page_world.ts";

/** A request that is refused for its token is one for the console as well: the browser says so. */
const REFUSED = /status of 401/;

/** A target has no spaces. */
const MARKUP = "<img/src=x/onerror=alert(1)>";

function test(name: string, fn: () => Promise<void>): void {
  const skipped = CHROMIUM === null ? " (skipped: no chromium)" : "";
  Deno.test({ name: `the status page ${name}${skipped}`, ignore: CHROMIUM === null, fn });
}

/** The ids of the tunnels in the table, from its top. */
function ids({ texts }: Shown): Promise<string[]> {
  return texts('#rows td[data-key="id"]');
}

/** Sends bytes there and back. */
async function move(client: RawClient, bytes: number): Promise<void> {
  await client.send(Opcode.BINARY, new Uint8Array(bytes));
  await client.payload(bytes);
}

/** The Close that an operator's end sends, which is answered, or the tunnel would stay a while. */
async function endedByOperator(client: RawClient): Promise<void> {
  assert.deepEqual(await client.closed(), { code: 1001, reason: "ended by the operator" });
  await client.send(Opcode.CLOSE, closePayload(1001));
  await client.end();
}

/** It may come behind what the page is told by its stream. */
const noticeIs = (words: string) => `document.querySelector("#notice").textContent === "${words}"`;

/** Presses Tab until something in the page has the focus, which must be seen at each stop. */
async function tabTo({ page }: Shown, selector: string): Promise<void> {
  for (let stops = 0; stops < 60; stops++) {
    await page.press("Tab");
    const at = await page.evaluate(`(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      const isSeen = outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
      const isThere = document.activeElement.matches(${JSON.stringify(selector)});
      return { isSeen: isSeen || document.activeElement === document.body, isThere };
    })()`) as { isSeen: boolean; isThere: boolean };
    assert(at.isSeen, "the focus is seen");
    if (at.isThere) return;
  }
  assert.fail(`Tab doesn't lead to ${selector}`);
}

test("is live, ends a tunnel by its button and asks for the token once", async () => {
  await using folder = await openFolder();
  const token = makeSecret("the admin token");
  const userToken = makeSecret("a user's token");
  const { backend, flags } = openEcho();
  await using _backend = backend;
  const { program, url } = await startAdmin([
    ...flags,
    ...["--auth-token", await folder.write("tokens", tokenLine("<b>ann</b>", userToken))],
    ...["--admin-token-file", await folder.write("admin", `${token}\n`)],
  ]);
  await using _program = program;
  await using shown = await show(url);
  const { page, until, text, click, type } = shown;
  await until("no tunnel", `document.querySelector("#no-tunnels").innerText > ""`);
  assert.equal(await text("#no-tunnels"), "No tunnel is open.");
  assert.equal(await text("#phase"), "Serving");
  assert.equal(await text("#pid"), String(program.pid));

  const fields = { Authorization: `Bearer ${userToken}`, Origin: MARKUP };
  using client = await openTunnel(program.address, `/${MARKUP}`, fields);
  await until("the tunnel", `document.querySelectorAll("#rows tr").length === 1`);
  await move(client, 100_000);
  const upIs = (words: string) =>
    `document.querySelector('#rows td[data-key="up"]').textContent === "${words}"`;
  await until("its bytes", upIs("97.7 KiB"));
  await move(client, 100_000);
  await until("more bytes", upIs("195 KiB"));
  await until(
    "it in the plot",
    `/^1 open/.test(document.querySelector("#plot-tunnels .now").innerText)`,
  );
  assert.match(await text("#plot-bytes .now"), /B\/s to clients.*B\/s to backends/s);

  await click("#rows button");
  await until("the question", `document.querySelector("#end-dialog").open`);
  const details = await shown.texts("#end-details dd");
  // A path is told of as it is matched.
  const path = `/${MARKUP.replace("<", "%3C").replace(">", "%3E")}`;
  for (const words of ["<b>ann</b>", MARKUP, path]) {
    assert(details.includes(words), `${words} in ${details}`);
  }
  assert.equal(await page.evaluate(`document.querySelectorAll("img, b").length`), 0);
  await click("#end-keep");
  await until("no question", `!document.querySelector("#end-dialog").open`);
  await move(client, 10);

  await click("#rows button");
  await click("#end-confirm");
  await until("the question for the token", `document.querySelector("#token-dialog").open`);
  await type("not the token");
  await page.press("Enter");
  await until("it again", `/isn't it/.test(document.querySelector("#token-words").innerText)`);
  await type(token);
  await click('#token-dialog button[type="submit"]');
  await endedByOperator(client);
  await until("its end", `document.querySelectorAll("#rows tr").length === 0`);
  await until("the notice", noticeIs("Tunnel 1 was ended."));

  using second = await openTunnel(program.address, "/", fields);
  await until("another tunnel", `document.querySelectorAll("#rows tr").length === 1`);
  await page.evaluate("document.activeElement.blur()");
  await tabTo(shown, "#rows button");
  await page.press("Enter");
  await tabTo(shown, "#end-confirm");
  await page.press("Enter");
  // By keyboard alone, and with the token that the page has.
  await endedByOperator(second);
  await until("its end", `document.querySelectorAll("#rows tr").length === 0`);
  assert.equal(await page.evaluate(`document.querySelector("dialog[open]")`), null);

  shown.assertQuiet(REFUSED);
  assert.equal(complaints(page).length, 2, "the two refusals: without a token, with a wrong one");
  // The policy holds, and what is against it would be heard of.
  await page.evaluate(`fetch("http://127.0.0.1:1/").catch(() => {})`);
  await page.evaluate(`document.body.innerHTML = "<b>no</b>"`);
  await eventually(
    "two violations",
    () =>
      complaints(page).filter((line) => /Content Security Policy|TrustedHTML/.test(line)).length >=
        2,
  );
});

test("sorts, filters, and is walked through by keyboard", async () => {
  const { backend, flags } = openEcho();
  await using _backend = backend;
  const { program, url } = await startAdmin(flags);
  await using _program = program;
  await using shown = await show(url);
  const { page, until, click, text } = shown;
  const clients = await Promise.all(
    [30, 10, 20].map(async (bytes) => {
      const client = await openTunnel(program.address, `/desk${bytes}`);
      await move(client, bytes * 1000);
      return client;
    }),
  );
  try {
    await until("three tunnels", `document.querySelectorAll("#rows tr").length === 3`);
    await until(
      "their bytes",
      `["29.3", "19.5", "9.77"].every((amount) =>
        document.querySelector("#rows").innerText.includes(amount + " KiB"))`,
    );
    assert.deepEqual(await ids(shown), ["1", "2", "3"]);
    const columns = await page.evaluate(`document.querySelectorAll("#columns button").length`);
    for (let at = 1; at <= Number(columns); at++) {
      const head = `#columns th:nth-child(${at})`;
      const sort = `document.querySelector("${head}").getAttribute("aria-sort")`;
      await click(`${head} button`);
      const first = await page.evaluate(sort);
      await click(`${head} button`);
      assert.deepEqual(
        [first, await page.evaluate(sort)].sort(),
        ["ascending", "descending"],
        head,
      );
      const others = `[...document.querySelectorAll("#columns th[aria-sort=none]")].length`;
      assert.equal(await page.evaluate(others), Number(columns) - 1);
    }
    const byBytes = "#columns th:nth-child(7) button";
    assert.equal(await text(byBytes), "↑ Bytes");
    const amounts = () => shown.texts('#rows td[data-key="up"]');
    await click(byBytes);
    assert.deepEqual(await amounts(), ["29.3 KiB", "19.5 KiB", "9.77 KiB"]);
    await page.press("Enter");
    assert.deepEqual(await amounts(), ["9.77 KiB", "19.5 KiB", "29.3 KiB"], "by keyboard");

    await tabTo(shown, "#rows button");
    const labels = await page.evaluate(
      `[...document.querySelectorAll("#rows button")].map((one) => one.ariaLabel)`,
    ) as string[];
    const focused = () => page.evaluate("document.activeElement.ariaLabel");
    for (
      const [key, at] of [["ArrowDown", 1], ["End", 2], ["ArrowDown", 2], ["Home", 0]] as const
    ) {
      await page.press(key);
      assert.equal(await focused(), labels[at], key);
    }
    // The focus stays with its tunnel where the order changes, and goes to the next one where it ends.
    await page.evaluate(`document.querySelector('${byBytes}').click()`);
    assert.equal(await focused(), labels[0]);
    assert.deepEqual(await amounts(), ["29.3 KiB", "19.5 KiB", "9.77 KiB"]);
    const least = await page.evaluate(`document.activeElement.closest("tr").ariaRowIndex`);
    assert.equal(least, "4");
    clients[1]![Symbol.dispose]();
    await until("two tunnels", `document.querySelectorAll("#rows tr").length === 2`);
    assert.equal(await focused(), labels[1]);

    await page.press("Tab");
    assert.equal(await page.evaluate(`document.activeElement.closest("#rows")`), null, "no trap");

    await click("#filter");
    await shown.type("DESK20");
    await until("one row", `document.querySelectorAll("#rows tr").length === 1`);
    assert.deepEqual(await amounts(), ["19.5 KiB"]);
    assert.match(await text("#tunnels-words"), /^1 of 2 /);
    await shown.type(" nothing");
    await until("no row", `document.querySelectorAll("#rows tr").length === 0`);
    assert.equal(await text("#no-tunnels"), "No tunnel has these words.");

    for (const width of [360, 800, 1280]) {
      await shown.resize(width, 700);
      const wide = await page.evaluate("document.documentElement.scrollWidth");
      assert(Number(wide) <= width, `${wide} at ${width}`);
    }
    shown.assertQuiet();
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});

test("drains a backend by its button and puts it back", async () => {
  await using folder = await openFolder();
  const token = makeSecret("the admin token");
  const { backend, flags } = openEcho();
  await using _backend = backend;
  const file = await folder.write("admin", `${token}\n`);
  const { program, url } = await startAdmin([...flags, "--admin-token-file", file]);
  await using _program = program;
  await using shown = await show(url);
  const { until, text, click, type, page } = shown;
  const stateIs = (words: string, mark: string) =>
    `(({ innerText, dataset }) => innerText === "${words}" && dataset.mark === "${mark}")(
      document.querySelector("#backend-list .state"))`;
  await until("its state", stateIs("up", "good"));
  assert.equal(await text("#backend-list .name"), backend.address);
  await click("#backend-list button");
  await until("the question for the token", `document.querySelector("#token-dialog").open`);
  await type(token);
  await page.press("Enter");
  await until("its new state", stateIs("drained: no new tunnels", "leaving"));
  await until("the notice", noticeIs(`${backend.address} takes no new tunnels any more.`));
  await assert.rejects(openTunnel(program.address), /refused: 503/);
  assert.equal(await text("#backend-list button"), "Enable");
  await click("#backend-list button");
  await until("its state", stateIs("up", "good"));
  using _tunnel = await openTunnel(program.address);
  await until(
    "its load",
    `/^load 1 /.test(document.querySelector("#backend-list .figures").innerText)`,
  );
  shown.assertQuiet(REFUSED);
});

test("says that the program is gone, and goes on with the next one", async () => {
  const { backend, flags } = openEcho();
  await using _backend = backend;
  const at = `127.0.0.1:${freePort()}`;
  const { program: first, url } = await startAdmin(flags, { at });
  await using shown = await show(url).catch(async (error) => {
    await first[Symbol.asyncDispose]();
    throw error;
  });
  const { until, text } = shown;
  {
    await using _first = first;
    using _client = await openTunnel(first.address);
    await until("a tunnel", `document.querySelectorAll("#rows tr").length === 1`);
  }
  await until("the loss", `document.querySelector("#phase").textContent === "Disconnected"`);
  await until(
    "words",
    `document.querySelector("#lost").innerText.startsWith("Disconnected since ")`,
  );
  assert.deepEqual(await ids(shown), ["1"], "what was there can still be read");
  const { program: second } = await startAdmin(flags, { at });
  await using _second = second;
  await until("the next", `document.querySelector("#phase").textContent === "Serving"`);
  await until("its process", `document.querySelector("#pid").textContent === "${second.pid}"`);
  await until("its tunnels", `document.querySelectorAll("#rows tr").length === 0`);
  assert.equal(await shown.page.evaluate(`document.querySelector("#lost").hidden`), true);
  assert.notEqual(await text("#pid"), String(first.pid));
  shown.assertQuiet(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY|ERR_CONNECTION_RESET/);
});
