/**
 * Text for man(7).
 *
 * @module
 */

/** A term and what is said of it, in the README's marks. */
export function item(term: string, text: string): string[] {
  return [".TP", bold(term), marked(text)];
}

/** Text that stands out. */
export function bold(text: string): string {
  return `\\fB${escape(text)}\\fR`;
}

/** Text as it is: a dash that can be copied, no line taken for a request, no quote turned into another. */
export function escape(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq")
    .replace(/^\./, "\\&.");
}

/** Text with the marks of Markdown that tables have: code, which stands out, and links, of which the text is left. */
export function marked(text: string): string {
  return escape(text.replace(/\[([^\]]+)\]\(#[^)]*\)/g, "$1"))
    .replace(/`([^`]+)`/g, "\\fB$1\\fR");
}
