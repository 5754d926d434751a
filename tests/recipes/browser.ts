/** A page in a browser, asked by the DevTools protocol what it shows. */
import { openBrowser } from "../support/chromium.ts";
import { eventually } from "../support/eventually.ts";

export interface Page extends AsyncDisposable {
  /** The value of a JavaScript expression in the page, as JSON has it; undefined where it throws. */
  evaluate(expression: string): Promise<unknown>;
}

/** Opens a page and connects to it. */
export async function openPage(url: string): Promise<Page> {
  const browser = await openBrowser(url, "--remote-debugging-port=0");
  try {
    const socket = await attach(`${browser.folder}/DevToolsActivePort`, url);
    return {
      evaluate: (expression) => evaluate(socket, expression),
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

/** Waits for the browser to write its port, and connects to the page. */
async function attach(portFile: string, url: string): Promise<WebSocket> {
  const address = await eventually("the page", async () => {
    try {
      const [port] = (await Deno.readTextFile(portFile)).split("\n");
      const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
      return targets.find((target: { url: string }) => target.url === url)?.webSocketDebuggerUrl;
    } catch {
      return null;
    }
  });
  const socket = new WebSocket(address);
  await eventually("the DevTools", () => socket.readyState === WebSocket.OPEN);
  return socket;
}

let lastId = 0;

function evaluate(socket: WebSocket, expression: string): Promise<unknown> {
  const id = ++lastId;
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const hear = ({ data }: MessageEvent<string>) => {
    const message = JSON.parse(data);
    if (message.id !== id) return;
    socket.removeEventListener("message", hear);
    socket.removeEventListener("close", lost);
    resolve(message.result?.result?.value);
  };
  const lost = () => reject(new Error("the browser has ended"));
  socket.addEventListener("message", hear);
  socket.addEventListener("close", lost);
  const params = { expression, returnByValue: true };
  socket.send(JSON.stringify({ id, method: "Runtime.evaluate", params }));
  return promise;
}
