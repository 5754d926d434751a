import assert from "node:assert/strict";
import { typeOf } from "../../../lib/http/static/type.ts";

Deno.test("`typeOf()` knows what pages are made of, by the end of the name", () => {
  const cases: [name: string, type: string][] = [
    ["index.html", "text/html; charset=utf-8"],
    ["a/VNC.HTML", "text/html; charset=utf-8"],
    ["rfb.js", "text/javascript; charset=utf-8"],
    ["rfb.mjs", "text/javascript; charset=utf-8"],
    ["base.css", "text/css; charset=utf-8"],
    ["notes.txt", "text/plain; charset=utf-8"],
    ["package.json", "application/json"],
    ["app.webmanifest", "application/manifest+json"],
    ["rfb.js.map", "application/json"],
    ["decoder.wasm", "application/wasm"],
    ["icon.svg", "image/svg+xml"],
    ["icon.png", "image/png"],
    ["photo.jpg", "image/jpeg"],
    ["Orbitron.woff2", "font/woff2"],
    ["Orbitron.ttf", "font/ttf"],
    ["bell.mp3", "audio/mpeg"],
    ["bell.oga", "audio/ogg"],
    ["a.tar.gz", "application/gzip"],
  ];
  for (const [name, type] of cases) assert.equal(typeOf(name), type, name);
});

Deno.test("`typeOf()` takes nothing else for a type", () => {
  const names = ["html", "README", "a.", "a.unheard", "a. html", "a.html ", "a.html/b", "x.html~"];
  for (const name of [...names, "a.constructor", "a.__proto__", "a.toString", "a.hasOwnProperty"]) {
    assert.equal(typeOf(name), "application/octet-stream", name);
  }
});
