/**
 * A tunnel for each client of SOCKS5, to the address that it asks for.
 *
 * @module
 */
import type { BackendConnection } from "../../../backend/connection.ts";
import { writeAll } from "../../../backend/write_all.ts";
import { type Attempts, MOST_WAITING } from "../attempts.ts";
import type { Begin } from "../begin.ts";
import { openWebSocket } from "../open.ts";
import type { ConnectSettings } from "../settings.ts";
import type { Teller } from "../telling.ts";
import { formatReply, Reply } from "./messages.ts";
import { dismiss, negotiate } from "./negotiate.ts";
import { createRefusals } from "./refusals.ts";
import { isOfTheAddress, replyFor, withAddress } from "./target.ts";

export interface SocksOptions {
  readonly settings: ConnectSettings;
  readonly attempts: Attempts;
  readonly teller: Teller;
  readonly signal: AbortSignal;
}

export function createSocks({ settings, attempts, teller, signal }: SocksOptions): Begin {
  const refusals = createRefusals();
  const openFor = async (address: string) => {
    const known = refusals.known(address, performance.now());
    if (known !== null) return known;
    const target = withAddress(settings.target, address);
    const opened = await attempts.open(() => openWebSocket({ ...settings, target }));
    refusals.note(address, opened, performance.now(), Math.random());
    return opened;
  };
  let asking = 0;
  const ask = async (local: BackendConnection) => {
    asking++;
    const asked = await negotiate(local, signal);
    asking--;
    return asked;
  };
  return async (local) => {
    if (asking >= MOST_WAITING) {
      local.close();
      const reason = "too many programs here have connected, and ask for nothing yet";
      teller.ended(reason);
      return { kind: "failed", reason };
    }
    const asked = await ask(local);
    if ("problem" in asked) {
      if (asked.problem !== null) teller.ended(`a program here ${asked.problem}`);
      return { kind: "failed", reason: "no address was asked for" };
    }
    const { address, connection } = asked;
    const opened = await openFor(address);
    if ("kind" in opened) {
      if (isOfTheAddress(opened)) teller.ended(`${address}: ${opened.reason}`);
      await dismiss(connection, formatReply(replyFor(opened)));
      return opened;
    }
    // Where it has gone meanwhile, the tunnel sees that.
    await writeAll(connection, formatReply(Reply.SUCCEEDED)).catch(() => {});
    return { opened, connection };
  };
}
