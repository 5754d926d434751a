/**
 * An API that says where a token leads, as websockify's JSONTokenApi and BaseTokenAPI ask one: GET of a URL with the token in it, answered with
 * `{"host": ..., "port": ...}` or `host:port`. Any status of 400 to 499 but 408 and 429 says that there is no such token.
 *
 * The URL that is asked is in no word of what goes wrong, since the token stands in it.
 *
 * @module
 */
import { startDeadline } from "../../base/deadline.ts";
import { fetchFailure, readBody } from "../../base/fetching.ts";
import { type Found, NO_SUCH_TOKEN, NO_TARGET, type TargetSource, withoutToken } from "./source.ts";
import { parseTargetAnswer } from "../../config/target_text.ts";

export interface ApiOptions {
  /** With `%s` in the place of the token. */
  readonly url: string;
  /** Certificates of the authorities to believe, as PEM; null: the usual ones alone. */
  readonly ca: () => Promise<readonly string[] | null>;
  /** How long it may take to answer in full. */
  readonly timeoutMs: number;
}

const MAX_ANSWER_BYTES = 64 * 1024;

/** What a URL takes for a step in its path, escaped or not (WHATWG URL, section 4.1). */
const DOT_SEGMENT = /^\.\.?$/;

/** Asked at once: each takes a descriptor and, while the API stalls, stays for its time. */
const MOST_AT_ONCE = 64;

export function createApi({ url, ca, timeoutMs }: ApiOptions): TargetSource {
  let client: Promise<Deno.HttpClient> | null = null;
  let asking = 0;
  let closed = false;

  async function open(): Promise<Deno.HttpClient> {
    const caCerts = await ca();
    return Deno.createHttpClient(caCerts === null ? {} : { caCerts: [...caCerts] });
  }

  /** Connections are kept from one request to the next, until it is closed and nobody waits any more. */
  function release(): void {
    if (!closed || asking > 0) return;
    void client?.then((open) => open.close(), () => {});
    client = null;
  }

  async function ask(token: string, signal: AbortSignal): Promise<Found> {
    const response = await fetch(url.replace("%s", () => encodeURIComponent(token)), {
      client: await (client ??= open()),
      redirect: "manual",
      headers: { accept: "application/json, text/plain" },
      signal,
    });
    const { status } = response;
    if (status !== 200) {
      await response.body?.cancel();
      const isUnknown = status >= 400 && status < 500 && status !== 408 && status !== 429;
      return isUnknown ? NO_SUCH_TOKEN : { failed: `the API answers with ${status}` };
    }
    const bytes = await readBody(response.body, MAX_ANSWER_BYTES);
    if (bytes === null) {
      return { failed: `the API's answer has more than ${MAX_ANSWER_BYTES} bytes` };
    }
    const address = parseTargetAnswer(new TextDecoder().decode(bytes));
    return address === null ? NO_TARGET : { address };
  }

  return {
    async find(token, signal) {
      if (DOT_SEGMENT.test(token)) return NO_SUCH_TOKEN;
      if (asking >= MOST_AT_ONCE) return { busy: `${asking} requests wait for the API already` };
      asking++;
      const stop = new AbortController();
      const abort = () => stop.abort();
      let late = false;
      const cancel = startDeadline(timeoutMs, () => {
        late = true;
        abort();
      });
      signal.addEventListener("abort", abort);
      if (signal.aborted) abort();
      try {
        return await ask(token, stop.signal);
      } catch (error) {
        if (late) return { failed: `the API has not answered within ${timeoutMs / 1000} s` };
        if (client !== null && (await Promise.allSettled([client]))[0]!.status === "rejected") {
          client = null;
        }
        return { failed: `the API cannot be asked: ${withoutToken(fetchFailure(error), token)}` };
      } finally {
        cancel();
        signal.removeEventListener("abort", abort);
        asking--;
        release();
      }
    },
    close() {
      closed = true;
      release();
    },
  };
}
