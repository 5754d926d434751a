/**
 * Every key of a route's `targets`, as `keys.ts` has those of the other tables.
 *
 * @module
 */
import { type AddressPattern, parseAddressPattern } from "../base/address_pattern.ts";
import { listOfPlaces, parsePlace, PLACE_RULE, type TokenPlace } from "./auth_kinds.ts";
import { type Keys, namesOf, partOf } from "./key.ts";
import { type Kind, listOf, text, trueOrFalse } from "./kinds.ts";
import { filePath } from "./text_kinds.ts";

const patternTexts = listOf(
  text("must be text", (written) => {
    const parsed = parseAddressPattern(written);
    return "problem" in parsed ? parsed.problem : null;
  }),
  'must be a list of hosts and ports, such as ["*.example.com:5432"]',
);

/** Addresses that clients may name; never none, which would let nobody in. */
const patterns: Kind<readonly AddressPattern[]> = {
  ...patternTexts,
  schema: { ...patternTexts.schema, minItems: 1 },
  check: (written) =>
    Array.isArray(written) && written.length === 0
      ? [{ path: [], rule: "must have at least one host and its ports", value: written }]
      : patternTexts.check(written),
  decode: (written) => (written as readonly string[]).map(toPattern),
  encode: (value) => value.map(({ text }) => text),
};

function toPattern(written: string): AddressPattern {
  const parsed = parseAddressPattern(written);
  if ("problem" in parsed) throw new TypeError(`The check let a pattern pass: ${parsed.problem}`);
  return parsed.pattern;
}

/** Where the token may stand that says where a request leads. */
export type TargetPlace =
  | TokenPlace
  /** The name of the host that is asked for, without its port. */
  | { readonly kind: "host" };

const places: Kind<readonly TargetPlace[]> = listOfPlaces<TargetPlace>(
  (written) => written === "host" ? { kind: "host" } : parsePlace(written),
  PLACE_RULE.replace("must be ", 'must be "host", '),
);

const FROM: readonly TargetPlace[] = [{ kind: "query", name: "token" }];

const URL_RULE = "must be a URL of http or https, with one %s in the place of the token";

const api = text(URL_RULE, (written) => {
  const [before, behind, ...more] = written.split("%s");
  if (behind === undefined || more.length > 0) return URL_RULE;
  const url = URL.parse(`${before}x${behind}`);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hash !== "") return URL_RULE;
  // The token chooses no host, and what a URL has before its host is kept by no fetch.
  return before!.replace(/^https?:\/\//i, "").includes("/") && url.username + url.password === ""
    ? null
    : `${URL_RULE}, behind the host; no user and password before it`;
});

const REDIS_RULE =
  "must be redis://host:port/db or rediss://host:port/db, with user:password@ before the host where it takes one";

const redis = text(REDIS_RULE, (written) => {
  const url = URL.parse(written);
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === "") return REDIS_RULE;
  return /^\/?\d*$/.test(url.pathname) && url.search + url.hash === "" ? null : REDIS_RULE;
});

/** Where each request leads: one `source`, and what belongs to it. */
export const TARGETS = {
  file: {
    name: "file",
    of: "source",
    kind: filePath,
    about:
      "A file of lines `token: host:port`, or a folder of such files, as websockify's TokenFile has them.",
    example: "/etc/wstunnel/targets",
  },
  folder: {
    name: "dir",
    of: "source",
    kind: filePath,
    about:
      "A folder in which the token is the name of a file that holds host:port, or of a socket.",
  },
  jwt: {
    name: "jwt",
    of: "source",
    kind: trueOrFalse,
    unsaid: false,
    about: "Whether the claims host and port, or target, of the token of auth.jwt say it.",
  },
  api: {
    name: "api",
    of: "source",
    kind: api,
    secret: "hidden",
    about: 'A URL with %s for the token, whose answer is {"host": ..., "port": ...} or host:port.',
  },
  redis: {
    name: "redis",
    of: "source",
    kind: redis,
    secret: "hidden",
    about:
      'redis://host:port/db, where the key of the token holds host:port or {"host": "host:port"}.',
  },
  address: {
    name: "address",
    of: "source",
    kind: patterns,
    about:
      "Hosts and ports that the client itself may name; private addresses only where their network is named.",
  },
  from: {
    name: "from",
    kind: places,
    unsaid: FROM,
    about:
      'Where the token is looked for, ["query:token"] unless given; the places of auth, and "host", the name that is asked for.',
  },
  prefix: {
    name: "prefix",
    kind: text("must be text"),
    unsaid: "",
    about: "With redis: what stands before the token in a key.",
  },
  ca: {
    name: "ca",
    kind: filePath,
    about:
      "With an api of https or a rediss: a PEM file of the authorities to believe besides the usual ones.",
  },
  parameter: {
    name: "parameter",
    kind: text(
      "must be the name of a parameter",
      (written) =>
        /^[\w.~-]+$/.test(written) ? null : "must be a name of letters, digits, _, ., ~ and -",
    ),
    unsaid: "address",
    about:
      "With address: the query's parameter in which the client names it; address unless given.",
  },
} as const satisfies Keys;

/** What says where a request leads, each by itself. */
export const TARGET_SOURCES: readonly string[] = namesOf(partOf(TARGETS, "source"));
