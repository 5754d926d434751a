import assert from "node:assert/strict";
import {
  checkHostname,
  formatAddress,
  MAX_UNIX_PATH_BYTES,
  parseAddress,
  parseListenAddress,
  parseUnixPath,
} from "../../lib/base/address.ts";

const tcp = (hostname: string, port: number) => ({ transport: "tcp", hostname, port });
const unix = (path: string) => ({ transport: "unix", path });

Deno.test("`parseAddress()` reads every form, and `formatAddress()` writes it back", () => {
  const cases: [string, unknown][] = [
    ["127.0.0.1:5900", tcp("127.0.0.1", 5900)],
    ["localhost:1", tcp("localhost", 1)],
    ["vnc_1.example.com:65535", tcp("vnc_1.example.com", 65535)],
    ["[::1]:80", tcp("::1", 80)],
    ["[fe80::1%eth0]:80", tcp("fe80::1%eth0", 80)],
    ["unix:/run/x.sock", unix("/run/x.sock")],
    ["unix:@name", unix("\0name")],
  ];
  for (const [text, address] of cases) {
    const parsed = parseAddress(text);
    assert.deepEqual(parsed, { address }, text);
    assert("address" in parsed);
    assert.equal(formatAddress(parsed.address), text);
  }
});

Deno.test("`parseAddress()` says what is wrong", () => {
  const forms = "must be host:port, [v6]:port or unix:/path";
  const cases: [string, string][] = [
    ["", forms],
    ["localhost", forms],
    ["::1:80", `${forms}; an IPv6 address stands in brackets`],
    ["5900", `${forms}; port 5900 of this machine is 127.0.0.1:5900`],
    ["tcp://localhost:80", `${forms}; it is no URL, so without a scheme`],
    [":80", `${forms}: the host is missing`],
    ["[]:80", `${forms}: the host is missing`],
    ["localhost:", "the port must be 1 to 65535"],
    ["localhost:0", "the port must be 1 to 65535"],
    ["localhost:65536", "the port must be 1 to 65535"],
    ["localhost:8e1", "the port must be 1 to 65535"],
    ["a b:80", "the host must be a name or an IP address"],
    ["-x:80", "the host must be a name or an IP address"],
    ["[localhost]:80", "only an IPv6 address stands in brackets"],
    ["/run/x.sock", "a socket path is written unix:/run/x.sock"],
    ["unix:run/x.sock", "a socket path must be absolute"],
    ["unix:", "a socket path must be absolute"],
    ["unix:/", "a socket path must name a file"],
    ["unix:@", "a socket path must name a file"],
  ];
  for (const [text, problem] of cases) assert.deepEqual(parseAddress(text), { problem }, text);
});

Deno.test("`parseListenAddress()` takes every interface for a missing host, and port 0", () => {
  assert.deepEqual(parseListenAddress(":8080"), { address: tcp("::", 8080) });
  assert.deepEqual(parseListenAddress("127.0.0.1:0"), { address: tcp("127.0.0.1", 0) });
  assert.deepEqual(parseListenAddress("x:65536"), { problem: "the port must be 0 to 65535" });
  assert.deepEqual(parseListenAddress("8080"), {
    problem:
      "must be host:port, [v6]:port, :port or unix:/path; port 8080 of this machine is 127.0.0.1:8080",
  });
});

const hasIpv6 = hasInterface("::");

function hasInterface(hostname: string): boolean {
  try {
    Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "`parseListenAddress()` gives `:port` an address that IPv4 clients reach too",
  ignore: !hasIpv6,
  fn: async () => {
    const parsed = parseListenAddress(":0");
    assert("address" in parsed && parsed.address.transport === "tcp");
    using listener = Deno.listen(parsed.address);
    const { port } = listener.addr as Deno.NetAddr;
    using client = await Deno.connect({ hostname: "127.0.0.1", port });
    using accepted = await listener.accept();
    assert.equal(
      (accepted.remoteAddr as Deno.NetAddr).port,
      (client.localAddr as Deno.NetAddr).port,
    );
  },
});

Deno.test("`parseUnixPath()` counts bytes, not characters", () => {
  const longest = "/" + "x".repeat(MAX_UNIX_PATH_BYTES - 1);
  assert.deepEqual(parseUnixPath(longest), { address: unix(longest) });
  const problem = `a socket path must be at most ${MAX_UNIX_PATH_BYTES} bytes, this is 108`;
  assert.deepEqual(parseUnixPath(longest + "x"), { problem });
  assert.deepEqual(parseUnixPath(longest.slice(0, -1) + "ü"), { problem });
  assert.deepEqual(parseUnixPath("/a\0b"), { problem: "a socket path must name a file" });
});

Deno.test("`checkHostname()` bounds a name's length", () => {
  assert.equal(checkHostname("a".repeat(253)), null);
  assert.equal(
    checkHostname("a".repeat(254)),
    "the host name must be at most 253 characters",
  );
  assert.equal(checkHostname("::1"), null);
});
