/**
 * A server that says to go elsewhere, which isn't done: what is shown to it, a password or a token, is for nobody else.
 *
 * @module
 */
import { shorten } from "../../base/shorten.ts";
import type { AnswerHead } from "../../http/answer_head.ts";
import type { ConnectSettings } from "./settings.ts";

/** RFC 9110 section 15.4, those that have a Location. */
const REDIRECTS = [301, 302, 303, 307, 308];

/** Longer than any name. */
const MOST_CHARACTERS = 300;

/** What goes behind the status, empty where there is nothing to say. Not the path, nor the query: they may hold a token. */
export function redirectWords(
  { status, headers }: Pick<AnswerHead, "status" | "headers">,
  { authority, tls }: Pick<ConnectSettings, "authority" | "tls">,
): string {
  const base = `${tls === null ? "http" : "https"}://${authority}`;
  const to = URL.parse(headers.get("location") ?? "", base);
  if (!REDIRECTS.includes(status) || headers.get("location") === null || to === null) return "";
  const scheme = to.protocol.replace(/^ws/, "http");
  const isHere = `${scheme}//${to.host}` === base;
  const place = isHere ? "another path" : shorten(`${to.protocol}//${to.host}`, MOST_CHARACTERS);
  return `; that leads to ${place}, and isn't followed`;
}
