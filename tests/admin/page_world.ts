/** The program with its admin listener, and a browser that shows the status page. */
import assert from "node:assert/strict";
import { type Backend, echo, serveBackend } from "../support/backends.ts";
import { eventually } from "../support/eventually.ts";
import { openPage, type Page } from "../support/page.ts";
import { type Program, type StartOptions, startProgram } from "../support/program.ts";
import { assertNoSecret } from "../support/secrets.ts";

/** Starts the program in front of a backend, with a configuration and flags beside `--admin`; gives it and where the page is. */
export async function startAdmin(
  args: readonly string[],
  { at = "127.0.0.1:0", ...options }: StartOptions & { readonly at?: string } = {},
): Promise<{ program: Program; url: string }> {
  const program = await startProgram([...args, "--admin", at], options);
  const admin = () => /"admin at ([^"]+)"/.exec(program.log.all.join("\n"))?.[1];
  try {
    return { program, url: `http://${await eventually("the admin listener", admin)}/` };
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

/** An echo for a backend, and the flags that lead to it. */
export function openEcho(): { backend: Backend; flags: string[] } {
  const backend = serveBackend(echo);
  return { backend, flags: ["--server", backend.address, "--frame-type", "binary"] };
}

/** What is done with the page, as a person does it. */
export interface Shown extends AsyncDisposable {
  readonly page: Page;
  readonly url: string;
  /** Waits for an expression to be true in the page. */
  until(what: string, expression: string): Promise<void>;
  /** The text of the first element that there is, or of all. */
  text(selector: string): Promise<string>;
  texts(selector: string): Promise<string[]>;
  /** Moves the pointer to the middle of an element and clicks. */
  click(selector: string): Promise<void>;
  /** Types where the focus is. */
  type(text: string): Promise<void>;
  resize(width: number, height: number): Promise<void>;
  /** Fails on whatever the page has written to the console, but for lines that are expected, and on each request that went elsewhere. */
  assertQuiet(expected?: RegExp): void;
}

/** Opens the page, once the browser is prepared, and waits until it shows something. Disposing of it fails where it shows a secret. */
export async function show(
  url: string,
  prepare: (page: Page) => Promise<void> = async () => {},
): Promise<Shown> {
  const page = await openPage("about:blank");
  const texts = async (selector: string) =>
    await page.evaluate(
      `[...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => one.textContent)`,
    ) as string[];
  const shown: Shown = {
    page,
    url,
    texts,
    async until(what, expression) {
      let seen: unknown;
      await eventually(what, async () => (seen = await page.evaluate(expression)) === true)
        .catch(async (error) => {
          const words = await page.evaluate("document.body.innerText");
          throw new Error(`${error.message}: ${seen}\n${words}\n${complaints(page).join("\n")}`);
        });
    },
    text: async (selector) => (await texts(selector))[0] ?? "",
    async click(selector) {
      const at = await page.evaluate(`(() => {
        const element = document.querySelector(${JSON.stringify(selector)});
        element.scrollIntoView({ block: "center" });
        const { x, y, width, height } = element.getBoundingClientRect();
        return { x: x + width / 2, y: y + height / 2 };
      })()`) as { x: number; y: number } | undefined;
      assert(at !== undefined, `there is no ${selector}`);
      for (const type of ["mousePressed", "mouseReleased"]) {
        const params = { type, button: "left", clickCount: 1, ...at };
        await page.command("Input.dispatchMouseEvent", params);
      }
    },
    async type(text) {
      await page.command("Input.insertText", { text });
    },
    async resize(width, height) {
      const params = { width, height, deviceScaleFactor: 1, mobile: false };
      await page.command("Emulation.setDeviceMetricsOverride", params);
    },
    assertQuiet(expected) {
      const unexpected = complaints(page).filter((line) => !expected?.test(line));
      assert.deepEqual(unexpected, []);
      const asked = page.told.filter(({ method }) => method === "Network.requestWillBeSent")
        .map(({ params }) => params.request.url as string);
      assert(asked.includes(`${url}page.js`), "its requests are heard of");
      assert.deepEqual(asked.filter((at) => !at.startsWith(url)), []);
    },
    async [Symbol.asyncDispose]() {
      const whole = await page.evaluate("document.documentElement.outerHTML").catch(() => "");
      await page[Symbol.asyncDispose]();
      assertNoSecret("the page", String(whole));
    },
  };
  await shown.resize(1280, 900);
  await prepare(page);
  await page.command("Page.navigate", { url });
  await shown.until("the page", `/^\\d+$/.test(document.querySelector("#pid")?.textContent)`);
  return shown;
}

/** What the page has written to the console, and what the browser has against it. */
export function complaints({ told }: Page): string[] {
  return told.flatMap(({ method, params }) => {
    if (method === "Runtime.consoleAPICalled") {
      return [params.args.map((arg: { value?: unknown }) => String(arg.value)).join(" ")];
    }
    if (method === "Runtime.exceptionThrown") return [JSON.stringify(params.exceptionDetails)];
    return method === "Log.entryAdded" ? [`${params.entry.text} ${params.entry.url ?? ""}`] : [];
  });
}
