/**
 * Requests to the admin listener, with the token once it has been given.
 *
 * @module
 */

/** Kept here alone: it is gone with the page. */
let token = "";

/** An answer that is none of those that were hoped for, in words. */
export class Refused extends Error {
  /** @param {number} status @param {string} words */
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

/** @param {string} given */
export function useToken(given) {
  token = given;
}

/**
 * Gives the answer where it is a good one; throws a {@linkcode Refused}, or what `fetch()` throws where there is no answer at all.
 *
 * @param {string} path in the folder of the page
 * @param {{ method?: string, json?: unknown, signal?: AbortSignal }} [options]
 */
export async function ask(path, { method = "GET", json, signal } = {}) {
  const headers = new Headers();
  if (token !== "") headers.set("authorization", `Bearer ${token}`);
  if (json !== undefined) headers.set("content-type", "application/json");
  const answer = await fetch(path, {
    method,
    headers,
    cache: "no-store",
    redirect: "error",
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (answer.ok) return answer;
  throw new Refused(answer.status, await whyRefused(answer));
}

/** @param {Response} answer */
async function whyRefused(answer) {
  const text = await answer.text();
  const said = saidBy(text);
  switch (answer.status) {
    case 401:
      return `The server wants the admin token${token === "" ? "" : ": this one isn't it"}.`;
    case 403:
      return `The server doesn't allow it${said === null ? "." : `: ${said}`}`;
    default:
      return said ?? `The server answered ${answer.status}.`;
  }
}

/** What an answer names as its error, or null. @param {string} text */
function saidBy(text) {
  try {
    const { error } = JSON.parse(text);
    return typeof error === "string" ? error : null;
  } catch {
    return null;
  }
}
