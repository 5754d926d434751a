import { NOTHING_TIMED } from "../../../tunnel/tunnel_rig.ts";

/** What a tunnel is made with that nothing bounds in time, but for its listener. */
export const SETTINGS = {
  ...NOTHING_TIMED,
  encoding: "binary",
  onFrame: null,
  now: () => performance.now(),
} as const;
