/**
 * The status page: it shows what the admin listener says, each second anew.
 *
 * @module
 */
import { createBackends } from "./backends.js";
import { askForToken, askToEnd } from "./dialogs.js";
import { byId, say } from "./elements.js";
import { follow } from "./feed.js";
import { showFound, showLost, showStatus } from "./head.js";
import { createPlots } from "./plots.js";
import { ask, Refused } from "./requests.js";
import { createTable } from "./table.js";
import { countInWords } from "./words.js";

/** @typedef {import("../shapes.ts").Sample} Sample */
/** @typedef {import("../shapes.ts").TunnelRow} TunnelRow */
/** @typedef {import("../shapes.ts").BackendRow} BackendRow */
/** @typedef {import("../shapes.ts").StatusAnswer} StatusAnswer */
/** @typedef {import("../shapes.ts").TunnelsAnswer} TunnelsAnswer */
/** @typedef {import("../shapes.ts").BackendsAnswer} BackendsAnswer */

const NOTICE_MS = 8000;

/** The server's clock, by its last sample. */
let now = Date.now();

/** When the connection was lost, or null while there is one. @type {Date | null} */
let lost = null;

/** Whether answers are awaited: they are asked for again only then. */
let asking = false;

const plots = createPlots(byId("plots", HTMLElement), byId("plot", HTMLTemplateElement));

const table = createTable({
  scroller: byId("scroller", HTMLElement),
  head: byId("columns", HTMLTableRowElement),
  body: byId("rows", HTMLTableSectionElement),
  end: (row) => void endTunnel(row),
  counted: showCount,
});

const backends = createBackends({
  list: byId("backend-list", HTMLElement),
  words: byId("backends-words", HTMLElement),
  change: (row) => void changeBackend(row),
});

/** @param {number} shown @param {number} all */
function showCount(shown, all) {
  const filter = byId("filter", HTMLInputElement).value.trim();
  const words = filter === ""
    ? countInWords(all)
    : `${countInWords(shown)} of ${countInWords(all)}`;
  say(byId("tunnels-words", HTMLElement), `${words} · ↑ to the backend, ↓ to the client`);
  const none = byId("no-tunnels", HTMLElement);
  none.hidden = shown > 0;
  say(none, all === 0 ? "No tunnel is open." : "No tunnel has these words.");
}

/** Asks for what isn't sent by itself. Nobody looks at a hidden page: it isn't asked for then. */
async function refresh() {
  if (asking || document.hidden) return;
  asking = true;
  try {
    const [status, { tunnels }, found] = await Promise.all([
      /** @type {Promise<StatusAnswer>} */ (readJson("api/status")),
      /** @type {Promise<TunnelsAnswer>} */ (readJson("api/tunnels")),
      /** @type {Promise<BackendsAnswer>} */ (readJson("api/backends")),
    ]);
    // The answers may have been on their way when the connection was lost.
    if (lost !== null) return;
    showStatus(status, now, tunnels.length);
    table.show(tunnels);
    backends.show(found.backends, now);
  } catch (error) {
    // Of a server that is gone the feed tells.
    if (error instanceof Refused) notify(error.message);
  } finally {
    asking = false;
  }
}

/** @param {string} path */
async function readJson(path) {
  return (await ask(path)).json();
}

/** @param {string} name @param {unknown} value */
function hear(name, value) {
  if (name !== "sample" && name !== "history") return;
  const samples = /** @type {Sample[]} */ (name === "history" ? value : [value]);
  now = samples.at(-1)?.time ?? now;
  plots.add(samples);
  lost = null;
  showFound();
  void refresh();
}

/** @param {unknown} error */
function lose(error) {
  lost ??= new Date();
  const refused = error instanceof Refused ? error : null;
  byId("give-token", HTMLElement).hidden = refused?.status !== 401;
  const since = lost.toLocaleTimeString("en-GB");
  showLost(
    refused === null
      ? `Disconnected since ${since}: what is shown is as it was then. It is tried again each second.`
      : refused.message,
  );
}

/** Does what needs the token, which is asked for until it is right or none is given; gives null then. @param {() => Promise<Response>} request */
async function withToken(request) {
  while (true) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
      if (!await askForToken(error.message)) return null;
    }
  }
}

/** Tells what came of a request, and shows it at once. @param {() => Promise<Response>} request @param {string} done @param {string} gone what a 404 means */
async function change(request, done, gone) {
  try {
    if (await withToken(request) !== null) notify(done);
  } catch (error) {
    if (!(error instanceof Refused)) notify("The server was not reached: nothing was changed.");
    else notify(error.status === 404 ? gone : error.message);
  }
  await refresh();
}

/** @param {TunnelRow} row */
async function endTunnel(row) {
  if (!await askToEnd(row)) return;
  await change(
    () => ask(`api/tunnels/${row.id}`, { method: "DELETE" }),
    `Tunnel ${row.id} was ended.`,
    `Tunnel ${row.id} had already ended.`,
  );
}

/** @param {BackendRow} row */
async function changeBackend({ route, backend, drained }) {
  await change(
    () =>
      ask(`api/backends/${drained ? "enable" : "drain"}`, {
        method: "POST",
        json: { backend, route },
      }),
    drained ? `${backend} takes new tunnels again.` : `${backend} takes no new tunnels any more.`,
    `${backend} is there no more.`,
  );
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let noticeTimer;

/** @param {string} words */
function notify(words) {
  const notice = byId("notice", HTMLElement);
  clearTimeout(noticeTimer);
  notice.textContent = words;
  noticeTimer = setTimeout(() => notice.textContent = "", NOTICE_MS);
}

byId("filter", HTMLInputElement).addEventListener("input", ({ currentTarget }) => {
  if (currentTarget instanceof HTMLInputElement) table.filterBy(currentTarget.value);
});
byId("give-token", HTMLElement).addEventListener("click", async () => {
  await askForToken("The server wants the admin token.");
});
document.addEventListener("visibilitychange", () => void refresh());
showCount(0, 0);
void follow({ hear, lose });
