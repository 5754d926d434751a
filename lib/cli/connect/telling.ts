/**
 * What goes wrong with a server is told once, until it goes well again.
 *
 * @module
 */

export interface OutageTeller {
  /** Something went wrong: told unless it was the last that was. */
  trouble(text: string): void;
  /** A tunnel is open. */
  well(): void;
}

/** Tells of an outage once, and of its end. */
export function createOutageTeller(tell: (text: string) => void): OutageTeller {
  let told: string | null = null;
  return {
    trouble(text) {
      if (text !== told) tell(text);
      told = text;
    },
    well() {
      if (told !== null) tell("a tunnel opens again");
      told = null;
    },
  };
}
