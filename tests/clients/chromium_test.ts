/** A page in headless Chromium. */
import { createHash, X509Certificate } from "node:crypto";
import { NO_OPENSSL } from "../support/certificates.ts";
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

/** What Chromium needs no authority for, by the hash of its key. */
const TRUST = "--ignore-certificate-errors-spki-list";

async function keyHash(cert: string): Promise<string> {
  const { publicKey } = new X509Certificate(await Deno.readTextFile(cert));
  const der = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("base64");
}

async function browse(task: Task): Promise<Report> {
  const page = servePage();
  const { url, type, blocks, cert } = task;
  const query = new URLSearchParams({ url, type, blocks: String(blocks) });
  const trust = cert === undefined ? [] : [`${TRUST}=${await keyHash(cert)}`];
  try {
    await using _browser = await openBrowser(`http://127.0.0.1:${page.port}/?${query}`, ...trust);
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

Deno.test({
  name: "Chromium moves 100 MiB each way over TLS" +
    (CHROMIUM === null ? " (skipped: chromium is not installed)" : ""),
  ignore: CHROMIUM === null || NO_OPENSSL !== null,
  fn: () => moveBothWays("binary", browse, "wss"),
});
