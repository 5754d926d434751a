/**
 * The admin listener as a part of the program: opened where it is configured, moved or closed by a reload. What it takes is loaded where it is asked for
 * alone.
 *
 * @module
 */
import { formatAddress } from "../../base/address.ts";
import type { Config } from "../../config/config.ts";
import type { Events } from "../../events/events.ts";
import type { Changeable, Ready } from "../change.ts";
import type { Reloaded } from "../reload.ts";
import type { Server } from "../server.ts";
import type { OpenAdmin } from "./admin_server.ts";
import type { Watch } from "./watch.ts";

/** What there is to tell of, and to change. */
export interface AdminContext {
  readonly server: Server;
  /** The one that holds. */
  readonly config: () => Config;
  readonly reload: (by: string) => Promise<Reloaded>;
  readonly events: Events;
}

export interface Admin extends Changeable {
  /** Opens it where it is configured; gives why it can't be had, null when all is well. */
  open(config: Config): Promise<string | null>;
  /** It goes last, so that somebody can be told of the program's end. */
  close(): Promise<void>;
}

/** It is there, and at `asked`. */
interface Held {
  readonly asked: string;
  readonly tokenFile: string | undefined;
  readonly opened: OpenAdmin;
}

export function createAdmin(context: AdminContext): Admin {
  const { events, server } = context;
  let watch: Watch | null = null;
  let held: Held | null = null;
  let closed = false;

  /** Takes the place of what was there. */
  function hold(next: Held | null): void {
    const last = held;
    held = next;
    if (next === null) watch?.stop();
    else {
      watch!.start();
      next.opened.setTokenFile(next.tokenFile);
    }
    if (last === null || last.opened === next?.opened) return;
    void last.opened.close();
  }

  function tell({ opened }: Held): void {
    for (const address of opened.addresses) events.emit({ kind: "admin-listening", address });
  }

  async function prepare({ admin, adminTokenFile: tokenFile }: Config): Promise<Ready> {
    if (admin === undefined) return { commit: () => hold(null), abandon() {} };
    const asked = formatAddress(admin);
    // With one whose file is gone the runtime would remove the next one's.
    if (held?.asked === asked && !held.opened.isThere()) await held.opened.close();
    else if (held?.asked === asked) {
      const { opened } = held;
      // The file is read again also where it is the same.
      return { commit: () => hold({ asked, tokenFile, opened }), abandon() {} };
    }
    const { createWatch, openAdmin } = await import("./admin_server.ts");
    watch ??= createWatch(server, events);
    const opened = await openAdmin(admin, context, watch);
    if ("problem" in opened) return opened;
    const next = { asked, tokenFile, opened };
    return {
      commit() {
        if (closed) return void opened.close();
        hold(next);
        tell(next);
      },
      abandon: () => void opened.close(),
    };
  }

  return {
    prepare,
    async open(config) {
      if (config.admin === undefined) return null;
      const ready = await prepare(config);
      if ("problem" in ready) return ready.problem;
      ready.commit();
      return null;
    },
    async close() {
      closed = true;
      watch?.stop();
      await held?.opened.close();
      held = null;
    },
  };
}
