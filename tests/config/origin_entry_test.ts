import assert from "node:assert/strict";
import { checkOriginEntry } from "../../lib/config/origin_entry.ts";

Deno.test("`checkOriginEntry()` accepts host names and origins", () => {
  const entries = [
    "example.com",
    "EXAMPLE.com",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "https://example.com",
    "https://example.com:8443",
    "http://[::1]:80",
    "http://localhost:65535",
    "chrome-extension://abcdefghijklmnop",
    "null",
    "file://",
    "app://-",
    "app://",
    "capacitor://localhost",
    "tauri://localhost:1430",
    "app://[::1]",
    "vscode-webview://0abc~1",
  ];
  for (const entry of entries) assert.equal(checkOriginEntry(entry), null, entry);
});

Deno.test("`checkOriginEntry()` refuses what could never match", () => {
  const forms = "must be a host name such as example.com or an origin such as " +
    "https://example.com:8443";
  const cases: [string, string][] = [
    ["", forms],
    ["*", "an empty list admits every origin, * is no entry"],
    ["file:///", `${forms}, without a path`],
    ["app://-/index.html", `${forms}, without a path`],
    ["app://a b", forms],
    ["app://u@h", forms],
    ["app://a:0", `${forms}: the port must be 1 to 65535`],
    ["https://-", forms],
    ["-", forms],
    ["http://", forms],
    ["wss://", forms],
    ["://a", `${forms}, without a path`],
    ["app:", forms],
    [".example.com", `${forms}: a host name admits its subdomains without a dot`],
    ["example.com.", forms],
    ["a..b", forms],
    ["*.example.com", forms],
    ["exa mple.com", forms],
    ["bücher.example", forms],
    ["https://", forms],
    ["https://user@example.com", forms],
    ["https://example.com/", `${forms}, without a path`],
    ["https://example.com/x", `${forms}, without a path`],
    ["example.com/x", `${forms}, without a path`],
    ["https://example.com?x", `${forms}, without a path`],
    ["example.com:8443", `${forms}: with a port it needs its scheme`],
    ["https://example.com:0", `${forms}: the port must be 1 to 65535`],
    ["https://example.com:65536", `${forms}: the port must be 1 to 65535`],
    ["https://example.com:x", forms],
    ["::1", forms],
  ];
  for (const [entry, problem] of cases) assert.equal(checkOriginEntry(entry), problem, entry);
});
