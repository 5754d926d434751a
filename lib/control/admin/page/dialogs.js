/**
 * The two questions of the page: whether a tunnel is to end, and what the token is.
 *
 * @module
 */
import { byId, make, say } from "./elements.js";
import { details } from "./rows.js";
import { useToken } from "./requests.js";

/** Shows what is known of a tunnel; gives whether it is to end. @param {import("../shapes.ts").TunnelRow} row @returns {Promise<boolean>} */
export function askToEnd(row) {
  say(byId("end-title", HTMLElement), `End tunnel ${row.id}?`);
  const lines = details(row).map(([name, value]) => {
    const line = make("div");
    line.append(make("dt", name), make("dd", value));
    return line;
  });
  byId("end-details", HTMLElement).replaceChildren(...lines);
  return asked("end-dialog", "end-keep");
}

/** Has the token given, and every request from then on has it; gives false when it was not given. @param {string} why */
export async function askForToken(why) {
  say(byId("token-words", HTMLElement), why);
  const field = byId("token", HTMLInputElement);
  field.value = "";
  const given = await asked("token-dialog", "token-leave");
  if (given) useToken(field.value.trim());
  field.value = "";
  return given;
}

/** What answers the question of a dialog, by its id. @type {Map<string, (answer: boolean) => void>} */
const pending = new Map();

/** Opens a dialog; gives true when its form is sent, false when it is left, or open already. @param {string} id @param {string} leave the button that leaves it @returns {Promise<boolean>} */
function asked(id, leave) {
  const dialog = byId(id, HTMLDialogElement);
  if (dialog.open) return Promise.resolve(false);
  pending.get(id)?.(false);
  const { promise, resolve } = Promise.withResolvers();
  const controller = new AbortController();
  const { signal } = controller;
  const settle = (/** @type {boolean} */ answer) => {
    controller.abort();
    pending.delete(id);
    dialog.close();
    resolve(answer);
  };
  pending.set(id, settle);
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    settle(true);
  }, { signal });
  byId(leave, HTMLElement).addEventListener("click", () => settle(false), { signal });
  // By Escape. The event comes a while after: it may be of the question before, which this one follows.
  dialog.addEventListener("close", () => dialog.open || settle(false), { signal });
  dialog.showModal();
  return promise;
}
