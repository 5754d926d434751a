/**
 * Whoever asks may go away before there is an answer, and so may we.
 *
 * @module
 */
import { type Answer, answer } from "../http/answer.ts";

/** What a request gets then, which nobody may read. */
export const LEFT: { readonly answer: Answer; readonly cause: "aborted" } = {
  answer: answer(503, "the server shuts down", { "retry-after": "1" }),
  cause: "aborted",
};

/** What somebody waits for, unless he goes away first or we do: who is asked may take his time, and be asked on. */
export async function unlessLeft<T>(
  asked: Promise<T>,
  signal: AbortSignal,
): Promise<T | typeof LEFT> {
  const { promise: left, resolve } = Promise.withResolvers<typeof LEFT>();
  const leave = () => resolve(LEFT);
  if (signal.aborted) leave();
  signal.addEventListener("abort", leave, { once: true });
  const first = await Promise.race([asked, left]);
  signal.removeEventListener("abort", leave);
  return first;
}
