/**
 * The page that shows what is in a folder.
 *
 * @module
 */
import { escapeHtml } from "./escape_html.ts";

export interface ListedEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** What a page shows of a folder; a larger one has more than anybody reads. */
export const MAX_ENTRIES = 5_000;

/** The page, in UTF-8. `path` is canonical and ends with a slash; `hasMore`: there are more entries than these. */
export function listingPage(
  path: string,
  entries: readonly ListedEntry[],
  { isRoot, hasMore }: { readonly isRoot: boolean; readonly hasMore: boolean },
): string {
  const title = escapeHtml(decodeURIComponent(path));
  const items = entries.toSorted(byKindAndName).map(({ name, isFolder }) => {
    const shown = isFolder ? `${name}/` : name;
    // "./" in front: what stands before a colon would be a scheme (RFC 3986 section 4.2).
    const link = `./${encodeURIComponent(name)}${isFolder ? "/" : ""}`;
    return `<li><a href="${escapeHtml(link)}">${escapeHtml(shown)}</a></li>`;
  });
  return [
    "<!DOCTYPE html>",
    '<html lang="en">',
    `<head><meta charset="utf-8"><title>${title}</title></head>`,
    `<body><h1>${title}</h1>`,
    "<ul>",
    ...(isRoot ? [] : ['<li><a href="../">../</a></li>']),
    ...items,
    "</ul>",
    ...(hasMore ? [`<p>These are ${entries.length} of them, there are more.</p>`] : []),
    "</body></html>",
    "",
  ].join("\n");
}

/** Folders first; by code points, so that it is the same everywhere. */
function byKindAndName(a: ListedEntry, b: ListedEntry): number {
  if (a.isFolder !== b.isFolder) return a.isFolder ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
