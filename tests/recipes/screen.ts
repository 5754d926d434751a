/** A screen of a real VNC server and how noVNC shows it: a terminal fills it, and takes the color whose number is typed. */
import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { openPage } from "../support/page.ts";
import type { Running, Shell } from "./shell.ts";

/** What a test of noVNC needs. */
export const SCREEN_PROGRAMS = ["Xtigervnc", "xterm", "/usr/share/novnc", "chromium"];

/** The number that is typed for a color, and its pixels as xterm has it; gray is what nothing was typed for. */
export const RED = { number: "41", pixel: [205, 0, 0, 255] };
export const GREEN = { number: "42", pixel: [0, 205, 0, 255] };
export const BLUE = { number: "44", pixel: [0, 0, 238, 255] };
export const GRAY = { number: "47", pixel: [229, 229, 229, 255] };

export type Color = typeof GRAY;

/** A busy machine may take long for a browser's page. */
const DEADLINE_MS = 60_000;

/** Starts one at a port, at the first display that is free. */
export async function startScreen(shell: Shell, port: number, size = "320x200"): Promise<Running> {
  const display = `display-${port}`;
  // Its own fonts will do, and those of the system may not be there. The terminal is larger than the screens, and can be typed into once it has drawn.
  return await shell.start(
    `rm -f ${display}
    Xtigervnc -displayfd 3 -fp built-ins -rfbport ${port} -localhost -SecurityTypes None -geometry ${size} 3>${display} &
    until [ -s ${display} ]; do sleep 0.05; done
    DISPLAY=:$(cat ${display}) xterm -geometry 80x40+0+0 -e bash -c '
      color=${GRAY.number}
      while printf "\\033[\${color}m\\033[2J\\033[H"; read -r color; do :; done' &
    wait`,
    `127.0.0.1:${port}`,
  );
}

/** noVNC in a browser, which a test asks about, types into and has reconnect. */
export interface Viewer extends AsyncDisposable {
  /** Opens noVNC's page at a URL, and waits until it shows a screen of a size, as `320x200`, that has a color. */
  open(url: string, size: string, color: Color): Promise<void>;
  /** Waits for a color of the screen, on which nothing is written. */
  shows(color: Color): Promise<void>;
  /** Types a color's number, waits until it is seen to be written, and then for the color. */
  type(color: Color): Promise<void>;
  /** Waits until noVNC has lost its connection and has begun to wait for its next try. */
  loses(): Promise<void>;
  /** Has the time to the next try be over. */
  reconnect(): Promise<void>;
  /** Opens the page, and waits until it says that there is no connection. */
  fails(url: string): Promise<void>;
}

/** Of what noVNC shows. */
const CANVAS = `document.querySelector("#noVNC_container canvas")`;

/** The size, the last pixel, and whether something is written in the first line, behind the place where its first character or the cursor stands. */
const STATE = `(() => {
  const { width, height } = ${CANVAS};
  const context = ${CANVAS}.getContext("2d");
  const pixels = (...place) => new Uint32Array(context.getImageData(...place).data.buffer);
  const last = pixels(width - 1, height - 1, 1, 1);
  const line = pixels(9, 3, width - 9, 10);
  return [width + "x" + height, ...new Uint8Array(last.buffer), line.some((pixel) => pixel !== last[0])].join();
})()`;

const hasClass = (name: string) => `document.documentElement.classList.contains("${name}")`;

/**
 * noVNC waits for five seconds, connects again, and gives up where that is refused. So that the server is back before, its timer is over when
 * the test says so.
 */
const HOLD_RECONNECT = `{
  const setTimeout = window.setTimeout;
  window.setTimeout = (body, ...words) =>
    body.name === "reconnect" ? (window.reconnectNow = body, 0) : setTimeout(body, ...words);
}`;

/** Opens a browser. */
export async function openViewer(): Promise<Viewer> {
  const page = await openPage("about:blank");
  await page.command("Page.addScriptToEvaluateOnNewDocument", { source: HOLD_RECONNECT });
  const becomes = async (what: string, expression: string, wanted: unknown = true) => {
    let seen: unknown;
    const is = async () => (seen = await page.evaluate(expression)) === wanted;
    await eventually(what, is, DEADLINE_MS).catch(async (error) => {
      const status = await page.evaluate(`document.querySelector("#noVNC_status")?.textContent`);
      assert.fail(`${error.message}: ${seen}, the page's status: ${status}`);
    });
  };
  let size = "";
  let color = GRAY;
  const is = (what: string, isWritten: boolean) =>
    becomes(`${what}, ${size}`, STATE, [size, ...color.pixel, isWritten].join());
  const shows = async (wanted: Color) => {
    color = wanted;
    await is(`color ${color.number}`, false);
  };
  // So that nothing of the page before is taken for the next one's.
  const visit = async (url: string) => {
    await page.evaluate("window.isOld = true");
    await page.command("Page.navigate", { url });
    await becomes("another page", "window.isOld === undefined");
  };
  return {
    async open(url, wanted, color) {
      size = wanted;
      await visit(url);
      await shows(color);
    },
    shows,
    async type(wanted) {
      for (const digit of wanted.number) await page.press(digit);
      await is(`${wanted.number} typed`, true);
      await page.press("Enter");
      await shows(wanted);
    },
    async loses() {
      await becomes("the end of the connection", hasClass("noVNC_reconnecting"));
    },
    async reconnect() {
      await page.evaluate("reconnectNow()");
      await becomes("a connection", hasClass("noVNC_connected"));
    },
    async fails(url) {
      await visit(url);
      const status = `document.querySelector("#noVNC_status").textContent`;
      await becomes("a refusal", status, "Failed to connect to server");
    },
    [Symbol.asyncDispose]: () => page[Symbol.asyncDispose](),
  };
}
