/**
 * The rules for `admin` beside other keys.
 *
 * @module
 */
import { type Address, parseListenAddress, type TcpAddress } from "../base/address.ts";
import { eachListener, hasSocketFile } from "./listen.ts";
import { type Finding, finding, valueAt } from "./problem.ts";
import { isBeyondLoopback } from "./reach_warnings.ts";

const PATH = ["admin"];
const TOKEN_PATH = ["admin-token-file"];

/** Takes a configuration of any form. */
export function checkAdmin(raw: unknown): Finding[] {
  const written = valueAt(raw, PATH);
  const token = valueAt(raw, TOKEN_PATH);
  if (written === undefined) {
    return token === undefined ? [] : [finding(TOKEN_PATH, "has no effect without admin", token)];
  }
  const parsed = parseListenAddress(String(written));
  if ("problem" in parsed) return [];
  const { address } = parsed;
  const rules = [
    ...(address.transport === "unix" && !hasSocketFile(address) ? [ABSTRACT] : []),
    ...(isBeyondLoopback(written) && token === undefined ? [REACHED] : []),
    ...(listensAt(raw, address) ? ["must not be an address of listen"] : []),
  ];
  return rules.map((rule) => finding(PATH, rule, written));
}

const ABSTRACT =
  "must be the path of a file: every user of this machine may connect to an abstract socket";

const REACHED = "is reached from other machines and needs admin-token-file beside it: there " +
  "nothing is answered without the token";

/** Where nothing says where to listen. */
const STANDARD = { listener: { address: "127.0.0.1:8080" } };

function listensAt(raw: unknown, address: Address): boolean {
  const listeners = valueAt(raw, ["listen"]) === undefined ? [STANDARD] : eachListener(raw);
  return listeners.some(({ listener }) => {
    const parsed = parseListenAddress(String(listener["address"]));
    return "address" in parsed && isSame(parsed.address, address);
  });
}

function isSame(one: Address, other: Address): boolean {
  if (one.transport === "tcp" && other.transport === "tcp") {
    // Port 0 is another free port each time.
    return one.port === other.port && one.port !== 0 &&
      (isAny(one) || isAny(other) || one.hostname.toLowerCase() === other.hostname.toLowerCase());
  }
  return one.transport === "unix" && other.transport === "unix" && one.path === other.path;
}

function isAny({ hostname }: TcpAddress): boolean {
  return hostname === "::" || hostname === "0.0.0.0";
}
