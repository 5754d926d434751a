/**
 * The head of the page: what runs, since when, where it listens, and whether it is there at all.
 *
 * @module
 */
import { byId, make, mark, say } from "./elements.js";
import { countOf, timeInWords } from "./words.js";

/** @typedef {import("../shapes.ts").StatusAnswer} StatusAnswer */

const PHASES = {
  starting: { form: "busy", words: "Starting" },
  serving: { form: "good", words: "Serving" },
  draining: { form: "leaving", words: "Draining" },
};

/** @param {StatusAnswer} status @param {number} now the server's clock, Unix time in milliseconds @param {number} tunnels */
export function showStatus(status, now, tunnels) {
  const { version, pid, phase, started, reloaded, listeners } = status;
  say(byId("version", HTMLElement), version);
  say(byId("pid", HTMLElement), String(pid));
  say(byId("uptime", HTMLElement), timeInWords((now - started) / 1000));
  byId("reloaded-fact", HTMLElement).hidden = reloaded === null;
  if (reloaded !== null) {
    say(byId("reloaded", HTMLElement), `${timeInWords((now - reloaded) / 1000)} ago`);
  }
  showPhase(PHASES[phase]);
  const draining = byId("draining", HTMLElement);
  draining.hidden = phase !== "draining";
  say(
    draining,
    `Draining: no new tunnels are taken, and those that are open have drain-time to end; ${
      countOf(tunnels, "tunnel")
    } left.`,
  );
  showListeners(listeners);
  document.title = `${countOf(tunnels, "tunnel")}${
    phase === "serving" ? "" : `, ${phase}`
  } · wstunnel`;
}

/** @param {{ readonly form: string, readonly words: string }} phase */
function showPhase({ form, words }) {
  const chip = byId("phase", HTMLElement);
  mark(chip, "data-mark", form);
  say(chip, words);
}

/** @param {StatusAnswer["listeners"]} listeners */
function showListeners(listeners) {
  const list = byId("listeners", HTMLElement);
  const words = listeners.map(({ address, engine, tls }) =>
    `${address} (${[...tls ? ["TLS"] : [], engine].join(", ")})`
  );
  if (words.join("\n") === [...list.children].map((item) => item.textContent).join("\n")) return;
  list.replaceChildren(...words.map((text) => make("li", text)));
}

/** The server is not to be reached, or doesn't want to be. @param {string} why */
export function showLost(why) {
  document.body.classList.add("stale");
  byId("lost", HTMLElement).hidden = false;
  byId("draining", HTMLElement).hidden = true;
  say(byId("lost-words", HTMLElement), why);
  showPhase({ form: "bad", words: "Disconnected" });
  document.title = "disconnected · wstunnel";
}

export function showFound() {
  document.body.classList.remove("stale");
  byId("lost", HTMLElement).hidden = true;
}
