/** A page in headless Chromium. */
import { eventually, inTime } from "../support/eventually.ts";
import { installed } from "../support/installed.ts";
import { type FrameType, moveBothWays, type Report, type Task } from "./transfer_rig.ts";

const CHROMIUM = installed("chromium");

/** To start, to move everything, and to end. */
const DEADLINE_MS = 120_000;

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

const TYPES: Readonly<Record<string, string>> = { "/": "text/html", "/page.js": "text/javascript" };

/** Serves the page and waits for what it reports. */
function servePage(): { port: number; report: Promise<Report>; close(): Promise<void> } {
  const { promise, resolve, reject } = Promise.withResolvers<Report>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/report") {
      resolve(await request.json());
      return new Response(null, { status: 204 });
    }
    const type = TYPES[pathname];
    if (type === undefined) return new Response(null, { status: 404 });
    const file = pathname === "/" ? "page.html" : pathname.slice(1);
    const text = await Deno.readTextFile(new URL(file, import.meta.url));
    return new Response(text, { headers: { "content-type": type } });
  });
  return {
    port: server.addr.port,
    report: promise,
    async close() {
      reject(new Error("no report"));
      await server.shutdown();
    },
  };
}

async function browse(task: Task): Promise<Report> {
  const page = servePage();
  const folder = await Deno.makeTempDir();
  const query = new URLSearchParams({ ...task, blocks: String(task.blocks) });
  const browser = new Deno.Command(CHROMIUM!, {
    args: [...FLAGS, `--user-data-dir=${folder}`, `http://127.0.0.1:${page.port}/?${query}`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    // A group of its own, so that its helpers end with it.
    detached: true,
  }).spawn();
  const kill = () => Deno.kill(-browser.pid, "SIGKILL");
  try {
    return await inTime("the page's report", page.report, () => void page.close(), DEADLINE_MS);
  } finally {
    kill();
    await browser.status;
    await page.close();
    // Its helpers may take a moment to die, and write until then.
    const removed = () => Deno.remove(folder, { recursive: true }).then(() => true, () => false);
    await eventually("the browser's folder to be gone", removed);
  }
}

for (const type of ["binary", "text"] satisfies FrameType[]) {
  const missing = CHROMIUM === null ? " (skipped: chromium is not installed)" : "";
  Deno.test({
    name: `Chromium moves 100 MiB each way in ${type} frames${missing}`,
    ignore: CHROMIUM === null,
    fn: () => moveBothWays(type, browse),
  });
}
