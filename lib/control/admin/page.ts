/**
 * The status page as files: what the folder `page/` has is sent as it stands there, from the executable too, where it is embedded, and read when it
 * is asked for.
 *
 * @module
 */
import { answer, type Headers } from "./answers.ts";
import type { Routes } from "./routes.ts";

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

const HEADERS: Headers = {
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

/** The page itself at `/`, its files beside it. */
export function pageRoutes(): Routes {
  return Object.fromEntries(PAGE_FILES.map((name) => [
    name === "page.html" ? "/" : `/${name}`,
    { GET: () => send(name) },
  ]));
}

async function send(name: string): Promise<Response> {
  const bytes = await Deno.readFile(new URL(`./page/${name}`, import.meta.url));
  return answer(200, TYPES[name.slice(name.lastIndexOf(".") + 1)]!, bytes, HEADERS);
}
