/**
 * What comes of a tunnel that doesn't open, for whoever tells it.
 *
 * @module
 */

/** Why there is no WebSocket. */
export interface OpenProblem {
  /** `refused`: an answer says why, the server's or its proxy's. */
  readonly kind: "failed" | "refused";
  /** In words, which go behind the server's name. */
  readonly reason: string;
  /** Something has run out here, as descriptors do: it says nothing of the server. */
  readonly isOurs?: boolean;
  /** What refuses. */
  readonly answer?: {
    readonly from: "server" | "proxy";
    readonly status: number;
    /** How long it asks to be left alone, in milliseconds; null: it doesn't. */
    readonly retryAfterMs: number | null;
  };
}
