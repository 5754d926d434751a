/** The recipe of the README for noVNC, run as it stands there: Debian's page in a real browser, and a real VNC server. */
import assert from "node:assert/strict";
import { freePort } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { openPage } from "../support/page.ts";
import { fill, recipe } from "./readme.ts";
import { testRecipe } from "./shell.ts";

const HEADING = "VNC in a browser, with noVNC";

/** Of the last pixel of what noVNC shows, and its size. */
const LAST_PIXEL = `(() => {
  const canvas = document.querySelector("#noVNC_container canvas");
  const { width, height } = canvas;
  const [...pixel] = canvas.getContext("2d").getImageData(width - 1, height - 1, 1, 1).data;
  return [width, height, ...pixel].join();
})()`;

testRecipe(
  "the recipe for VNC shows a screen in the browser",
  ["Xtigervnc", "/usr/share/novnc", "chromium", "python3"],
  async (shell) => {
    const [vnc, files] = [freePort(), freePort()];
    // A screen that is all white, at the first display that is free.
    await shell.start(
      `Xtigervnc -displayfd 1 -rfbport ${vnc} -localhost -SecurityTypes None -wr -geometry 320x200`,
      `127.0.0.1:${vnc}`,
    );
    const server = fill(recipe(HEADING, "sh"), {
      "127.0.0.1:5901": `127.0.0.1:${vnc}`,
      "6080": String(files),
    });
    await shell.start(server, `127.0.0.1:${shell.port}`, `127.0.0.1:${files}`);
    const url = fill(recipe(HEADING, "text").trim(), {
      "6080": String(files),
      "8080": String(shell.port),
    });
    await using page = await openPage(url);
    let seen: unknown;
    const shows = async () =>
      (seen = await page.evaluate(LAST_PIXEL)) === "320,200,255,255,255,255";
    await eventually("a white screen", shows).catch((error) =>
      assert.fail(`${error.message}: ${seen}`)
    );
  },
);

testRecipe(
  "the recipe for VNC of several machines shows each token's screen",
  ["Xtigervnc", "/usr/share/novnc", "chromium", "python3"],
  async (shell) => {
    const heading = "VNC of several machines, by tokens";
    const files = freePort();
    const sizes = ["320x200", "400x300"];
    const ports = sizes.map(() => freePort());
    for (const [at, size] of sizes.entries()) {
      await shell.start(
        `Xtigervnc -displayfd 1 -rfbport ${
          ports[at]
        } -localhost -SecurityTypes None -wr -geometry ${size}`,
        `127.0.0.1:${ports[at]}`,
      );
    }
    const server = fill(recipe(heading, "sh"), {
      "127.0.0.1:5901": `127.0.0.1:${ports[0]}`,
      "127.0.0.1:5902": `127.0.0.1:${ports[1]}`,
      "6080": String(files),
    });
    await shell.start(server, `127.0.0.1:${shell.port}`, `127.0.0.1:${files}`);
    const places = { "6080": String(files), "8080": String(shell.port) };
    const first = fill(recipe(heading, "text").trim(), places);
    const second = fill(first, { mFhPS2g4wqAq: "kZ7pQ5tXc2Bn" });
    for (const [url, screen] of [[first, "320,200"], [second, "400,300"]] as const) {
      await using page = await openPage(url);
      let seen: unknown;
      const shows = async () =>
        (seen = await page.evaluate(LAST_PIXEL)) === `${screen},255,255,255,255`;
      await eventually(`a white screen of ${screen}`, shows).catch((error) =>
        assert.fail(`${error.message}: ${seen}`)
      );
    }
  },
);
