/** What a tunnel is made with that nothing bounds in time, but for its listener. */
export const SETTINGS = {
  encoding: "binary",
  pingIntervalMs: 0,
  readTimeoutMs: 0,
  writeTimeoutMs: 0,
  idleTimeoutMs: 0,
  maxLifetimeMs: 0,
  tcpFinPropagate: false,
  backendLingerMs: 2_000,
  onFrame: null,
  now: () => performance.now(),
} as const;
