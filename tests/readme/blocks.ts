/** The code blocks of a page of Markdown, in their order. */

export interface Block {
  /** The line of the page that it begins at, from 1. */
  readonly line: number;
  /** The heading that it stands below. */
  readonly heading: string;
  /** The word behind the fence, or empty. */
  readonly language: string;
  readonly text: string;
  /** What the comment right above it says, which no reader sees; null: there is none. */
  readonly mark: string | null;
}

export const README = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));

/** All fenced blocks of a page, those in lists as well. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let heading = "";
  let end = 0;
  for (const found of page.matchAll(/^#+ ([^\n]+)$|^( *)```(\w*)\n(.*?)^\2```$/gms)) {
    const [whole, title, indent, language, text] = found;
    // What a shell takes for a comment looks like a heading, and is inside the block before.
    if (found.index < end) continue;
    end = found.index + whole.length;
    if (title !== undefined) {
      heading = title;
      continue;
    }
    const before = page.slice(0, found.index);
    blocks.push({
      line: before.split("\n").length,
      heading,
      language: language!,
      text: text!.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      mark: markAbove(before),
    });
  }
  return blocks;
}

/** The words of the comment that a text ends with. */
function markAbove(text: string): string | null {
  if (!/-->\n *$/.test(text)) return null;
  const begin = text.lastIndexOf("<!--");
  return text.slice(begin + 4, text.lastIndexOf("-->")).trim();
}
