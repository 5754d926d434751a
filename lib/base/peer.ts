/**
 * Who is at the other end of a connection.
 *
 * @module
 */
import type { Address } from "./address.ts";

/** The headers by which a proxy may say for whom it speaks. */
export const FORWARDED_HEADERS = ["x-forwarded-for", "forwarded", "x-real-ip"] as const;

/** A client: at first who connected, later whom that one speaks for, where it may. */
export interface Peer {
  /** IP address without its port, or `unix`. */
  readonly address: string;
  /** Null where it has none: of a unix-domain socket, or where nobody has told it. */
  readonly port: number | null;
  /** Address and port, as it is told of. */
  readonly name: string;
  /** Who connected and speaks for it, by address and port; absent where it came itself. */
  readonly via?: string;
  /** Where it connected to. */
  readonly local: Address;
  /** Whether it came by TLS. */
  readonly secure: boolean;
  /** The same, where one port takes both, so that it is worth telling. */
  readonly tls?: boolean;
  /** Whose certificate it has, where it had to show one and that says a name. */
  readonly user?: string;
}
