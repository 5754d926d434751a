/**
 * How a tunnel's end is told at the client's side: exit code and words.
 *
 * @module
 */
import type { TunnelEnd } from "../../tunnel/cause.ts";
import type { OpenProblem } from "./open_problem.ts";

/** Exit codes: it is lost or never came about; the server refuses. */
export const LOST = 1;
export const REFUSED = 3;

/** Null as text: there is nothing to tell. */
export interface Ending {
  readonly code: 0 | 1;
  readonly text: string | null;
}

/** Close codes that say that all went well (RFC 6455 section 7.4.1): normal, going away, and a Close without one. */
const CLEAN = [1000, 1001, 1005];

/** In the tunnel's words the server is the client, and our side the backend, called `local`. */
export function endingOf({ cause, code, reason }: TunnelEnd, local: string): Ending {
  const lost = (text: string): Ending => ({ code: LOST, text });
  switch (cause) {
    case "client-close": {
      const words = reason === "" ? "" : `: ${reason}`;
      if (!CLEAN.includes(code)) return lost(`the server has ended it with ${code}${words}`);
      return { code: 0, text: null };
    }
    case "backend-end":
    case "operator":
      return { code: 0, text: null };
    case "client-lost":
      return lost("the connection to the server is lost");
    case "client-silent":
      return lost("the server has fallen silent");
    case "client-protocol":
      return lost(`the server has broken the protocol: ${reason}`);
    case "client-overflow":
      return lost(`the server has sent too much: ${reason}`);
    case "client-base64":
      return lost("the server has sent what is not base64");
    case "backend-not-utf8":
      return lost(`${local} is not UTF-8, which --frame-type text needs`);
    case "backend-error":
      return lost(`${local} has failed`);
    default:
      return lost(`it has ended: ${cause}`);
  }
}

/** Of a tunnel that never opened. */
export function problemCode({ kind }: OpenProblem): number {
  return kind === "refused" ? REFUSED : LOST;
}
