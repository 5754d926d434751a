/** A page in a browser, by the DevTools protocol: what it shows, what it has told of, and keys that are pressed in it. */
import { openBrowser } from "./chromium.ts";
import { eventually } from "./eventually.ts";

/** What the browser tells of by itself. */
export interface Told {
  readonly method: string;
  // deno-lint-ignore no-explicit-any
  readonly params: any;
}

export interface Page extends AsyncDisposable {
  /** All since before it was loaded. */
  readonly told: readonly Told[];
  /** The value of a JavaScript expression in the page, as JSON has it, or what its promise gives; undefined where it throws. */
  evaluate(expression: string): Promise<unknown>;
  /** Sends a command of the protocol; fails where the browser does. */
  command(method: string, params?: unknown): Promise<unknown>;
  /** Presses a key and lets it go: a name of `KeyboardEvent.key`. */
  press(key: string): Promise<void>;
}

/** Opens a page. */
export async function openPage(url: string): Promise<Page> {
  const browser = await openBrowser("about:blank", "--remote-debugging-port=0");
  try {
    const socket = await attach(`${browser.folder}/DevToolsActivePort`);
    const told: Told[] = [];
    const command = createCommands(socket, told);
    for (const domain of ["Runtime", "Log", "Network", "Page"]) await command(`${domain}.enable`);
    await command("Page.navigate", { url });
    return {
      told,
      command,
      async evaluate(expression) {
        const { result } = await command("Runtime.evaluate", {
          expression,
          returnByValue: true,
          awaitPromise: true,
        }) as { result: { value?: unknown; subtype?: string } };
        return result.subtype === "error" ? undefined : result.value;
      },
      async press(key) {
        const params = { key, code: key, windowsVirtualKeyCode: KEY_CODES[key] ?? 0 };
        const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
        await command("Input.dispatchKeyEvent", { type: "keyDown", text, ...params });
        await command("Input.dispatchKeyEvent", { type: "keyUp", ...params });
      },
      async [Symbol.asyncDispose]() {
        const closed = new Promise((resolve) => socket.onclose = resolve);
        socket.close();
        await browser[Symbol.asyncDispose]();
        await closed;
      },
    };
  } catch (error) {
    await browser[Symbol.asyncDispose]();
    throw error;
  }
}

const KEY_CODES: Readonly<Record<string, number>> = {
  Tab: 9,
  Enter: 13,
  Escape: 27,
  End: 35,
  Home: 36,
  ArrowUp: 38,
  ArrowDown: 40,
};

/** How long a browser may take to start; it was five seconds on a busy machine. */
const START_MS = 60_000;

/** Waits for the browser to write its port, and connects to its page. */
async function attach(portFile: string): Promise<WebSocket> {
  const address = await eventually("the page", async () => {
    try {
      const [port] = (await Deno.readTextFile(portFile)).split("\n");
      const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
      return targets.find((target: { type: string }) => target.type === "page")
        ?.webSocketDebuggerUrl;
    } catch {
      return null;
    }
  }, START_MS);
  const socket = new WebSocket(address);
  await eventually("the DevTools", () => socket.readyState === WebSocket.OPEN);
  return socket;
}

/** What sends commands; what comes without one is kept in `told`. */
function createCommands(socket: WebSocket, told: Told[]): Page["command"] {
  let last = 0;
  const awaited = new Map<number, PromiseWithResolvers<unknown>>();
  socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
    const { id, method, params, result, error } = JSON.parse(data);
    if (id === undefined) return void told.push({ method, params });
    if (error === undefined) awaited.get(id)?.resolve(result);
    else awaited.get(id)?.reject(new Error(`the browser: ${error.message}`));
    awaited.delete(id);
  });
  socket.addEventListener("close", () => {
    for (const { reject } of awaited.values()) reject(new Error("the browser has ended"));
  });
  return (method, params = {}) => {
    const id = ++last;
    const answer = Promise.withResolvers<unknown>();
    awaited.set(id, answer);
    socket.send(JSON.stringify({ id, method, params }));
    return answer.promise;
  };
}
