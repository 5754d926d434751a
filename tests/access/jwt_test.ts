/** JSON Web Tokens, made by jose and by openssl, and what attackers make of them. */
import assert from "node:assert/strict";
import {
  base64url,
  CompactEncrypt,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
} from "jose";
import type { Access, Entry } from "../../lib/access/access.ts";
import { createAccess } from "../../lib/access/create.ts";
import { createKept } from "../../lib/access/kept.ts";
import type { Peer } from "../../lib/base/peer.ts";
import { auth } from "../../lib/config/auth_keys.ts";
import type { Event } from "../../lib/events/event.ts";
import { type Folder, openFolder, outputOf } from "../support/auth_files.ts";
import { installed } from "../support/installed.ts";
import { assertNoSecret, keepSecret, makeSecret } from "../support/secrets.ts";

const PEER: Peer = {
  address: "192.0.2.1",
  port: 1,
  name: "192.0.2.1:1",
  local: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  secure: false,
};

interface Asker extends Disposable {
  readonly events: Event[];
  enter(token: string): Promise<Entry>;
}

/** What a route with such a table of `jwt` asks. */
function asking(jwt: Record<string, unknown>): Asker {
  const written = { jwt, realm: "r" };
  assert.deepEqual(auth.check(written), []);
  const events: Event[] = [];
  const route = { key: "/", auth: auth.decode(written) };
  const holding = createKept().hold();
  const emit = (event: Event) => void events.push(event);
  const access: Access = createAccess([route], holding, emit).get("/")!;
  return {
    events,
    enter(token) {
      if (token.length > 20) keepSecret("a token", token);
      const headers = {
        get: (name: string) => name === "authorization" ? `Bearer ${token}` : null,
      };
      const head = { method: "GET", target: "/", version: "1.1" as const, headers };
      return access.enter({ head, peer: PEER, signal: new AbortController().signal });
    },
    [Symbol.dispose]: () => holding.release(),
  };
}

/** Fails unless it comes in. */
async function assertIn(asker: Asker, token: string, user: string | null = "ann"): Promise<void> {
  const entry = await asker.enter(token);
  assert.ok("user" in entry, JSON.stringify(entry));
  assert.equal(entry.user, user);
}

async function assertOut(asker: Asker, token: string, why: string): Promise<void> {
  const entry = await asker.enter(token);
  assert.ok("answer" in entry, `it came in: ${why}`);
  assert.equal(entry.why, why);
  assert.equal(entry.answer.status, 401);
  assert.equal(entry.cause, "auth");
  assert.deepEqual(
    entry.answer.headers["www-authenticate"],
    'Bearer realm="r", error="invalid_token"',
  );
  assertNoSecret("a refusal", JSON.stringify(entry));
}

const NOW = Math.floor(Date.now() / 1000);
const GOOD: JWTPayload = { sub: "ann", exp: NOW + 600 };

const EXPIRED = "the token has expired";
const SIGNATURE = "the token's signature is wrong";
const ALGORITHM = "the token is signed by an algorithm that is not for the key";
const NONE = "the token is no JSON Web Token that can be verified";
const NO_KEY = "the token is of no key that is known";
const claim = (name: string) => `the token's claim ${name} is not as it must be`;
const missing = (name: string) => `the token's claim ${name} is missing`;

const SECRET = makeSecret("the secret of tokens");

type Key = Parameters<SignJWT["sign"]>[0];

function sign(key: Key, alg: string, claims: JWTPayload = GOOD, header: object = {}) {
  return new SignJWT(claims).setProtectedHeader({ alg, ...header }).sign(key);
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A token put together by hand. */
function raw(header: unknown, claims: unknown, signature: Uint8Array | string = ""): string {
  return [JSON.stringify(header), JSON.stringify(claims), signature]
    .map((part) => base64url.encode(part)).join(".");
}

async function withSecret(body: (asker: Asker, folder: Folder) => Promise<void>, more = {}) {
  await using folder = await openFolder();
  const file = await folder.write("secret", `${SECRET}\n`);
  using asker = asking({ "secret-file": file, ...more });
  await body(asker, folder);
}

Deno.test("a token lets in while its claims hold, and the log is told which does not", async () => {
  const more = { iss: ["issuer", "other"], aud: "tunnel", leeway: 5 };
  await withSecret(async (asker) => {
    const good = { ...GOOD, iss: "issuer", aud: "tunnel" };
    const of = (claims: Record<string, unknown>) =>
      sign(bytesOf(SECRET), "HS256", { ...good, ...claims });
    await assertIn(asker, await of({}));
    await assertIn(asker, await of({ iss: "other", aud: ["x", "tunnel"] }));
    await assertIn(asker, await of({ sub: 7 }), "7");
    await assertIn(asker, await of({ sub: undefined }), null);
    await assertIn(asker, await of({ exp: NOW - 2, nbf: NOW + 4 }));
    await assertOut(asker, await of({ exp: NOW - 6 }), EXPIRED);
    await assertOut(asker, await of({ exp: undefined }), missing("exp"));
    await assertOut(asker, await of({ exp: "2999-01-01" }), claim("exp"));
    await assertOut(asker, await of({ nbf: NOW + 60 }), claim("nbf"));
    await assertOut(asker, await of({ iss: "issuer2" }), claim("iss"));
    await assertOut(asker, await of({ iss: undefined }), missing("iss"));
    await assertOut(asker, await of({ aud: "tunnels" }), claim("aud"));
    await assertOut(asker, await of({ aud: ["a", "b"] }), claim("aud"));
    await assertOut(asker, await of({ aud: undefined }), missing("aud"));
  }, more);
});

Deno.test("`require`, `user-claim` and `algorithms` are what the configuration says, and claims are handed on", async () => {
  const more = { require: ["host"], "user-claim": "email", algorithms: ["HS512"] };
  await withSecret(async (asker) => {
    const claims = { email: "ann@example.com", host: "db" };
    const token = await sign(bytesOf(SECRET), "HS512", claims);
    await assertIn(asker, token, "ann@example.com");
    const entry = await asker.enter(token);
    assert.deepEqual("claims" in entry && entry.claims, claims);
    await assertOut(asker, await sign(bytesOf(SECRET), "HS512", { email: "a" }), missing("host"));
    await assertOut(asker, await sign(bytesOf(SECRET), "HS256", claims), ALGORITHM);
  }, more);
});

Deno.test("a token that is forged, cut or no token at all lets nobody in", async () => {
  await withSecret(async (asker) => {
    const good = await sign(bytesOf(SECRET), "HS256");
    const [header, , signature] = good.split(".") as [string, string, string];
    const root = base64url.encode(JSON.stringify({ ...GOOD, sub: "root" }));
    await assertOut(asker, `${header}.${root}.${signature}`, SIGNATURE);
    await assertOut(asker, good.slice(0, -3), SIGNATURE);
    await assertOut(asker, `${good.slice(0, good.lastIndexOf("."))}.`, SIGNATURE);
    await assertOut(asker, await sign(bytesOf(makeSecret("another secret")), "HS256"), SIGNATURE);
    for (const alg of ["none", "None", "NONE", "", "HS257", "__proto__", "constructor"]) {
      await assertOut(asker, raw({ alg }, GOOD), alg === "" ? NONE : ALGORITHM);
      await assertOut(asker, raw({ alg }, GOOD, SECRET), alg === "" ? NONE : ALGORITHM);
    }
    for (
      const token of ["a.b.c", "....", raw({}, GOOD), raw([], GOOD), raw(null, null), `${good}.`]
    ) {
      await assertOut(asker, token, NONE);
    }
    const crit = raw({ alg: "HS256", crit: ["x"], x: 1 }, GOOD);
    await assertOut(asker, crit, NONE);
    const encrypted = await new CompactEncrypt(bytesOf(JSON.stringify(GOOD)))
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" }).encrypt(
        crypto.getRandomValues(new Uint8Array(32)),
      );
    await assertOut(asker, encrypted, NONE);
  });
});

const ALGORITHMS = ["RS256", "PS384", "ES256", "ES384", "EdDSA"] as const;

/** One of each kind, since those of RSA take their time. */
const pairs = new Map<string, ReturnType<typeof generateKeyPair>>();

function keyPairOf(alg: string) {
  const pair = pairs.get(alg) ?? generateKeyPair(alg, { extractable: true });
  pairs.set(alg, pair);
  return pair;
}

for (const alg of ALGORITHMS) {
  Deno.test(`a public key of ${alg} as PEM takes what its private key signed, and is never a secret`, async () => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const pem = await exportSPKI(publicKey);
    await using folder = await openFolder();
    using asker = asking({ key: await folder.write("key", pem) });
    await assertIn(asker, await sign(privateKey, alg));
    // The attack of CVE-2015-9235, with the key as it may be taken for a secret.
    const der = Uint8Array.fromBase64(pem.replace(/-----[A-Z ]+-----|\s/g, ""));
    for (const secret of [bytesOf(pem), bytesOf(pem.trim()), bytesOf(`${pem.trim()}\n`), der]) {
      for (const hmac of ["HS256", "HS384", "HS512"]) {
        await assertOut(asker, await sign(secret, hmac), ALGORITHM);
      }
    }
    await assertOut(asker, raw({ alg: "none" }, GOOD), ALGORITHM);
    const others = ALGORITHMS.filter((other) =>
      other.slice(1, 3) !== alg.slice(1, 3) || other !== alg
    );
    for (const other of others) {
      const { privateKey } = await keyPairOf(other);
      const isSameKind = alg === "RS256" && other === "PS384" ||
        alg === "PS384" && other === "RS256";
      await assertOut(asker, await sign(privateKey, other), isSameKind ? SIGNATURE : ALGORITHM);
    }
    // A key of the token's own choice.
    const mine = await generateKeyPair(alg, { extractable: true });
    const jwk = await exportJWK(mine.publicKey);
    for (
      const header of [
        { jwk },
        { jku: "http://127.0.0.1:9/keys" },
        { x5u: "http://127.0.0.1:9/" },
        { kid: "../../dev/null" },
      ]
    ) {
      await assertOut(asker, await sign(mine.privateKey, alg, GOOD, header), SIGNATURE);
    }
    // CVE-2022-21449: an elliptic curve's signature of zeros.
    const zeros = new Uint8Array(alg === "ES384" ? 96 : alg.startsWith("E") ? 64 : 256);
    await assertOut(asker, raw({ alg }, GOOD, zeros), SIGNATURE);
  });
}

Deno.test("a key set takes the key that a token names, tries those that it may mean, and no secret", async () => {
  const keys = await Promise.all(
    [["ES256", "one"], ["ES256", "two"], ["RS256", "three"]].map(async ([alg, kid]) => {
      const { publicKey, privateKey } = await generateKeyPair(alg!, { extractable: true });
      return { alg: alg!, kid: kid!, privateKey, jwk: { ...await exportJWK(publicKey), kid } };
    }),
  );
  const setOf = (...at: number[]) => JSON.stringify({ keys: at.map((one) => keys[one]!.jwk) });
  await using folder = await openFolder();
  const file = await folder.write("keys", setOf(0, 1));
  using asker = asking({ jwks: file });
  const [one, two, three] = keys as [typeof keys[0], typeof keys[0], typeof keys[0]];
  await assertIn(asker, await sign(one.privateKey, one.alg, GOOD, { kid: "one" }));
  await assertIn(asker, await sign(two.privateKey, two.alg, GOOD, { kid: "two" }));
  await assertIn(asker, await sign(two.privateKey, two.alg));
  await assertOut(asker, await sign(two.privateKey, two.alg, GOOD, { kid: "one" }), SIGNATURE);
  await assertOut(asker, await sign(two.privateKey, two.alg, GOOD, { kid: "none" }), NO_KEY);
  await assertOut(asker, await sign(three.privateKey, three.alg, GOOD, { kid: "three" }), NO_KEY);
  const stranger = await generateKeyPair("ES256");
  await assertOut(asker, await sign(stranger.privateKey, "ES256"), SIGNATURE);
  const secret = bytesOf(JSON.stringify(one.jwk));
  await assertOut(asker, await sign(secret, "HS256", GOOD, { kid: "one" }), ALGORITHM);
  await assertOut(asker, raw({ alg: "none", kid: "one" }, GOOD), ALGORITHM);
});

Deno.test("without keys a token is answered with 503, not with 401", async () => {
  await using folder = await openFolder();
  using asker = asking({ jwks: `${folder.path}/none` });
  const entry = await asker.enter(await sign(bytesOf(SECRET), "HS256"));
  assert.ok("answer" in entry);
  assert.deepEqual([entry.answer.status, entry.why, entry.answer.headers["retry-after"]], [
    503,
    "there are no keys to verify tokens by",
    "1",
  ]);
  assert.deepEqual(asker.events.map(({ kind }) => kind), ["file-failed"]);
});

const OPENSSL = installed("openssl");

/** Signs with openssl's own tools. */
async function opensslSign(algorithm: string, file: string, signed: string): Promise<Uint8Array> {
  if (algorithm === "HS256") {
    return await outputOf(OPENSSL!, ["dgst", "-sha256", "-hmac", SECRET, "-binary"], signed);
  }
  if (algorithm === "RS256") {
    return await outputOf(OPENSSL!, ["dgst", "-sha256", "-sign", file, "-binary"], signed);
  }
  const input = `${file}.in`;
  await Deno.writeTextFile(input, signed);
  return await outputOf(OPENSSL!, ["pkeyutl", "-sign", "-rawin", "-inkey", file, "-in", input]);
}

for (
  const [algorithm, ...generate] of [
    ["HS256"],
    ["RS256", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    ["EdDSA", "ed25519"],
  ] as const
) {
  Deno.test({
    name: `a token of ${algorithm} that openssl signed lets in` +
      (OPENSSL === null ? " (skipped: openssl is not installed)" : ""),
    ignore: OPENSSL === null,
    async fn() {
      await using folder = await openFolder();
      const file = `${folder.path}/private.pem`;
      let table: Record<string, unknown> = { "secret-file": await folder.write("secret", SECRET) };
      if (algorithm !== "HS256") {
        await outputOf(OPENSSL!, ["genpkey", "-algorithm", ...generate, "-out", file]);
        const args = ["pkey", "-in", file, "-pubout", "-out", `${folder.path}/public.pem`];
        await outputOf(OPENSSL!, args);
        table = { key: `${folder.path}/public.pem` };
      }
      using asker = asking(table);
      const signed = [{ alg: algorithm }, GOOD]
        .map((part) => base64url.encode(JSON.stringify(part))).join(".");
      const signature = base64url.encode(await opensslSign(algorithm, file, signed));
      await assertIn(asker, `${signed}.${signature}`);
      await assertOut(asker, `${signed}.${signature.slice(0, -4)}AAAA`, SIGNATURE);
    },
  });
}
