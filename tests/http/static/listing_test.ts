import assert from "node:assert/strict";
import { escapeHtml } from "../../../lib/http/static/escape_html.ts";
import { listingPage } from "../../../lib/http/static/listing.ts";

const WHOLE = { isRoot: false, hasMore: false };

function entry(name: string, isFolder = false) {
  return { name, isFolder };
}

/** Each link with its text. */
function linksOf(page: string): [link: string, text: string][] {
  return [...page.matchAll(/<a href="([^"]*)">([^<]*)<\/a>/g)].map((
    [, link, text],
  ) => [link!, text!]);
}

Deno.test("`listingPage()` shows folders before files, each in order, and the way up but at the root", () => {
  const entries = [entry("b.txt"), entry("z", true), entry("B.txt"), entry("a", true), entry("é")];
  const page = listingPage("/x/", entries, WHOLE);
  assert.deepEqual(linksOf(page), [
    ["../", "../"],
    ["./a/", "a/"],
    ["./z/", "z/"],
    ["./B.txt", "B.txt"],
    ["./b.txt", "b.txt"],
    ["./%C3%A9", "é"],
  ]);
  assert.match(page, /<meta charset="utf-8"><title>\/x\/<\/title>/);
  assert.deepEqual(linksOf(listingPage("/", [], { ...WHOLE, isRoot: true })), []);
});

Deno.test("`listingPage()` takes no name and no path for HTML, nor for a scheme", () => {
  const evil = `<img src=x onerror="alert('1')">&`;
  const page = listingPage(`/${encodeURIComponent(evil)}/`, [
    entry(evil),
    entry("javascript:alert(1)"),
    entry("a?b#c%20"),
  ], WHOLE);
  assert.doesNotMatch(page, /<img|'|onerror="/);
  assert.match(
    page,
    /<h1>\/&lt;img src=x onerror=&quot;alert\(&#39;1&#39;\)&quot;&gt;&amp;\/<\/h1>/,
  );
  const links = linksOf(page).map(([link]) => link);
  assert.deepEqual(links.slice(2), ["./a%3Fb%23c%2520", "./javascript%3Aalert(1)"]);
  for (const link of links) {
    assert.ok(new URL(link.replaceAll("&#39;", "'"), "http://h/x/").href.startsWith("http://h/"));
  }
});

Deno.test("`listingPage()` says that there is more than it shows", () => {
  assert.doesNotMatch(listingPage("/", [entry("a")], WHOLE), /there are more/);
  const page = listingPage("/", [entry("a")], { ...WHOLE, hasMore: true });
  assert.match(page, /<p>These are 1 of them, there are more\.<\/p>/);
});

Deno.test("`escapeHtml()` leaves nothing that HTML sees a meaning in", () => {
  assert.equal(escapeHtml(`a<b>&"c"'d'`), "a&lt;b&gt;&amp;&quot;c&quot;&#39;d&#39;");
});
