/**
 * `node:crypto`, loaded when it is first needed: that takes 12 of the 90 ms of a start, which ends before it is.
 *
 * @module
 */
import process from "node:process";

export function nodeCrypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}
