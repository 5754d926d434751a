/** A page in headless Chromium. */
import { eventually } from "./eventually.ts";
import { installed } from "./installed.ts";

/** Its path, or null. */
export const CHROMIUM = installed("chromium");

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-breakpad",
  "--no-first-run",
  "--no-proxy-server",
];

export interface Browser extends AsyncDisposable {
  /** Its profile. */
  readonly folder: string;
}

/** Opens a page with a profile of its own. Disposing of it ends it. */
export async function openBrowser(url: string, ...flags: readonly string[]): Promise<Browser> {
  const folder = await Deno.makeTempDir();
  const browser = new Deno.Command(CHROMIUM!, {
    args: [...FLAGS, ...flags, `--user-data-dir=${folder}`, url],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    // A group of its own, so that its helpers end with it.
    detached: true,
  }).spawn();
  return {
    folder,
    async [Symbol.asyncDispose]() {
      Deno.kill(-browser.pid, "SIGKILL");
      await browser.status;
      // Its helpers may take a moment to die, and write until then.
      const removed = () => Deno.remove(folder, { recursive: true }).then(() => true, () => false);
      await eventually("the browser's folder to be gone", removed);
    },
  };
}
