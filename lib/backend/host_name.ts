/**
 * What the hosts of one route are called: in the log, and by the hashing policies.
 *
 * @module
 */
import { formatAddress } from "../base/address.ts";
import type { HostConfig } from "../config/config.ts";

export interface HostName {
  /**
   * As the log has it: `127.0.0.1:5900`, `unix:/run/vnc.sock`, `exec:/usr/sbin/sshd`. A command's arguments may be secret, so
   * that further hosts with the same program are `exec:/bin/sh#2`.
   */
  readonly shown: string;
  /** What `hash` and `sticky` tell it from the others by; may hold secrets. */
  readonly identity: string;
}

/** Names hosts in the order of the configuration; no two have the same identity. */
export function nameHosts(targets: readonly HostConfig["target"][]): HostName[] {
  const shown = createNumbering();
  const identity = createNumbering();
  return targets.map((target) => {
    if (target.transport !== "exec") {
      const address = formatAddress(target);
      return { shown: address, identity: identity(address) };
    }
    return {
      shown: shown(`exec:${target.command[0]}`),
      identity: identity(`exec:${target.command.join("\0")}`),
    };
  });
}

/** Puts a number behind a text that has come before. */
function createNumbering(): (text: string) => string {
  const counts = new Map<string, number>();
  return (text) => {
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    return count === 1 ? text : `${text}#${count}`;
  };
}
