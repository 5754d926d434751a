/**
 * Where a client of SOCKS wants to go, as our server's route is asked for it; and what is told to it of the answer.
 *
 * @module
 */
import type { OpenProblem } from "../open_problem.ts";
import { Reply } from "./messages.ts";

/** What a server calls the parameter of the query unless its configuration says otherwise. */
export const PARAMETER = "address";

/** A parameter without a value, at the end. */
const OPEN_END = /[?&][^=&?]+=$/;

/** Path and query with the address in it: behind what ends with an empty parameter, else as `address`. */
export function withAddress(target: string, address: string): string {
  const value = encodeURIComponent(address);
  if (OPEN_END.test(target)) return target + value;
  return `${target}${target.includes("?") ? "&" : "?"}${PARAMETER}=${value}`;
}

/** Answers that are about the address that was asked for: the server itself is well. */
const OF_THE_ADDRESS: Readonly<Record<number, number>> = {
  403: Reply.NOT_ALLOWED,
  502: Reply.REFUSED,
  503: Reply.HOST_UNREACHABLE,
  504: Reply.HOST_UNREACHABLE,
};

export function isOfTheAddress(problem: OpenProblem): boolean {
  return replyFor(problem) !== Reply.FAILED;
}

export function replyFor({ answer }: OpenProblem): number {
  if (answer?.from !== "server") return Reply.FAILED;
  return OF_THE_ADDRESS[answer.status] ?? Reply.FAILED;
}
