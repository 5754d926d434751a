/** What a table of 1,000 tunnels costs the browser. */
import assert from "node:assert/strict";
import { CHROMIUM } from "../support/chromium.ts";
import { Opcode, openTunnel, type RawClient } from "../support/raw_client.ts";
import { openEcho, show, type Shown, startAdmin } from "./page_world.ts";

const TUNNELS = 1000;

/** Of these, at most, a frame may take so long. */
const FRAME_MS = 100;

/** So often it may be the machine's doing. */
const ROUNDS = 8;

/** What 60 frames a second have between them. */
const USUAL_MS = 1000 / 60;

/** Frames for some seconds while `act` goes on in the page; gives the longest time between two. */
function longestGap({ page }: Shown, act: string): Promise<unknown> {
  return page.evaluate(`(async () => {
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    let [longest, last, over] = [0, performance.now(), false];
    const tick = (now) => {
      longest = Math.max(longest, now - last);
      last = now;
      if (!over) requestAnimationFrame(tick);
    };
    requestAnimationFrame((now) => { last = now; requestAnimationFrame(tick); });
    ${act}
    over = true;
    return longest;
  })()`);
}

/** Scrolls, sorts by each column and filters, while samples come; takes 4.5 s. */
const BUSY = `
    const scroller = document.querySelector("#scroller");
    for (let i = 0; i < 40; i++) { scroller.scrollTop += 500; await pause(50); }
    for (const button of document.querySelectorAll("#columns button")) { button.click(); await pause(150); }
    const filter = document.querySelector("#filter");
    for (const words of ["1", "127", "desk 9", ""]) {
      filter.value = words;
      filter.dispatchEvent(new Event("input"));
      await pause(200);
    }`;

async function openMany(address: string): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < TUNNELS) {
    const more = Array.from({ length: 50 }, (_, at) => openTunnel(address, `/desk${at}`));
    clients.push(...await Promise.all(more));
  }
  return clients;
}

Deno.test({
  name: `the status page with 1,000 tunnels has no frame over 100 ms${
    CHROMIUM === null ? " (skipped: no chromium)" : ""
  }`,
  ignore: CHROMIUM === null,
  async fn() {
    const { backend, flags } = openEcho();
    await using _backend = backend;
    const { program, url } = await startAdmin([...flags, "--max-connections-per-client", "2000"]);
    await using _program = program;
    const clients = await openMany(program.address);
    let over = false;
    const moving = (async () => {
      for (let at = 0; !over; at = (at + 20) % TUNNELS) {
        const some = clients.slice(at, at + 20);
        await Promise.all(some.map((client) => client.send(Opcode.BINARY, new Uint8Array(500))));
        await Promise.all(some.map((client) => client.payload(500)));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    try {
      await using shown = await show(url);
      await shown.until(
        "all tunnels",
        `/^1,000 /.test(document.querySelector("#tunnels-words").innerText)`,
      );
      const gaps: string[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        // What the machine does to a page that does nothing, just before.
        await shown.page.command("Page.navigate", { url: "about:blank" });
        const idle = Number(await longestGap(shown, "await pause(2500);"));
        await shown.page.command("Page.navigate", { url });
        await shown.until(
          "all tunnels",
          `/^1,000 /.test(document.querySelector("#tunnels-words")?.innerText)`,
        );
        const busy = Number(await longestGap(shown, BUSY));
        gaps.push(`${busy.toFixed(0)} ms, ${idle.toFixed(0)} ms of an empty page`);
        const rows = await shown.page.evaluate(`document.querySelectorAll("#rows tr").length`);
        assert(Number(rows) > 10 && Number(rows) < 100, `${rows} rows are drawn`);
        assert(busy > 0 && idle > 0);
        if (busy <= FRAME_MS + Math.max(0, idle - USUAL_MS)) return;
      }
      assert.fail(`the longest frames: ${gaps.join("; ")}`);
    } finally {
      over = true;
      await moving;
      for (const client of clients) client[Symbol.dispose]();
    }
  },
});
