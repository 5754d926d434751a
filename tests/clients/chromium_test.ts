/** A page in headless Chromium. */
import { CHROMIUM, openBrowser } from "../support/chromium.ts";
import { inTime } from "../support/eventually.ts";
import { type FrameType, moveBothWays, type Report, type Task } from "./transfer_rig.ts";

/** To start, to move everything, and to end. */
const DEADLINE_MS = 120_000;

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
  const query = new URLSearchParams({ ...task, blocks: String(task.blocks) });
  try {
    await using _browser = await openBrowser(`http://127.0.0.1:${page.port}/?${query}`);
    return await inTime("the page's report", page.report, () => void page.close(), DEADLINE_MS);
  } finally {
    await page.close();
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
