import assert from "node:assert/strict";
import { readProxy } from "../../lib/cli/connect/proxy_settings.ts";

const ADDRESS = { transport: "tcp", hostname: "server.example", port: 8080 } as const;

async function proxyOf(isSecure: boolean, environment: Record<string, string>, flag?: string) {
  const all = (name: string) => name === "--proxy" && flag !== undefined ? [flag] : [];
  const proxy = await readProxy({ address: ADDRESS, isSecure }, all, environment);
  if (proxy === null) return null;
  if ("problem" in proxy) return proxy.problem;
  const { kind, address, tls, login } = proxy;
  const words = `${kind}${tls === null ? "" : "+tls"} ${address.hostname} ${address.port}`;
  return login === null ? words : `${words} ${login.user} ${login.password}`;
}

Deno.test("`readProxy()` takes the flag, the variable of the scheme, then all_proxy", async () => {
  const cases: [
    secure: boolean,
    env: Record<string, string>,
    flag: string | undefined,
    string | null,
  ][] = [
    [false, {}, undefined, null],
    [false, { http_proxy: "http://a:1" }, undefined, "http a 1"],
    [false, { http_proxy: "http://a:1" }, "b:2", "http b 2"],
    [false, { http_proxy: "http://a:1" }, "", null],
    [true, { http_proxy: "http://a:1" }, undefined, null],
    [false, { HTTP_PROXY: "http://a:1" }, undefined, null],
    [true, { https_proxy: "http://a:1", HTTPS_PROXY: "http://b:2" }, undefined, "http a 1"],
    [true, { HTTPS_PROXY: "http://b:2" }, undefined, "http b 2"],
    [true, { https_proxy: "", HTTPS_PROXY: "http://b:2", all_proxy: "c:3" }, undefined, null],
    [false, { all_proxy: "c:3", ALL_PROXY: "d:4" }, undefined, "http c 3"],
    [true, { ALL_PROXY: "socks5://d" }, undefined, "socks5 d 1080"],
    [false, { http_proxy: "http://a" }, undefined, "http a 80"],
    [false, { http_proxy: "https://a" }, undefined, "http+tls a 443"],
    [false, { http_proxy: "http://[::1]:1/" }, undefined, "http ::1 1"],
    [false, { http_proxy: "http://me:a%40b@a:1" }, undefined, "http a 1 me a@b"],
    [false, { http_proxy: "me:word@a:1" }, undefined, "http a 1 me word"],
    [
      false,
      { http_proxy: "http://m%3Ae:word@a:1" },
      undefined,
      "the proxy's user must be without a colon",
    ],
    [false, { http_proxy: "socks5://m%3Ae:word@a:1" }, undefined, "socks5 a 1 m:e word"],
    [false, { http_proxy: "a:1", no_proxy: "example" }, undefined, null],
    [false, { no_proxy: "example" }, "a:1", null],
    [false, { http_proxy: "a:1", no_proxy: "", NO_PROXY: "*" }, undefined, "http a 1"],
    [false, { http_proxy: "a:1", NO_PROXY: "*" }, undefined, null],
  ];
  for (const [secure, env, flag, expected] of cases) {
    assert.equal(await proxyOf(secure, env, flag), expected, JSON.stringify([secure, env, flag]));
  }
});
