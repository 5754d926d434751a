/**
 * The status page as files: what the folder `page/` has is sent as it stands there, from the executable too, where it is embedded. Each is read at
 * its first request.
 *
 * @module
 */

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** All that there is to be asked for: a path names one of them or nothing. */
export const PAGE_FILES = [
  "page.html",
  "page.css",
  "icon.svg",
  "page.js",
  "backends.js",
  "dialogs.js",
  "elements.js",
  "feed.js",
  "head.js",
  "plots.js",
  "requests.js",
  "rows.js",
  "scales.js",
  "table.js",
  "table_row.js",
  "words.js",
] as const;

/**
 * The page loads its own files and asks its own server; nothing else, nobody frames it, and no text becomes markup (CSP Level 3; Trusted Types).
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS: Readonly<Record<string, string>> = {
  // Another executable has another page.
  "cache-control": "no-store",
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

export interface PageFile {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

const read = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

/** The file at a path, `/` for the page itself, or null where there is none. */
export async function pageFile(path: string): Promise<PageFile | null> {
  const name = path === "/" ? "page.html" : PAGE_FILES.find((file) => path === `/${file}`);
  if (name === undefined) return null;
  const reading = read.get(name) ?? Deno.readFile(new URL(`./page/${name}`, import.meta.url));
  read.set(name, reading);
  const type = TYPES[name.slice(name.lastIndexOf(".") + 1)]!;
  return { headers: { ...HEADERS, "content-type": type }, body: await reading };
}
