import assert from "node:assert/strict";
import { roomIn } from "../../lib/limits/bounds.ts";

Deno.test("`roomIn()` keeps a share of the descriptors, and counts two for a tunnel, four where it may start a program", () => {
  const cases: [descriptors: number, tunnels: number, withPrograms: number][] = [
    [16, 1, 1],
    [64, 1, 1],
    [128, 32, 16],
    [256, 96, 48],
    [1024, 448, 224],
    [65_536, 32_256, 16_128],
    [1_048_576, 523_776, 261_888],
  ];
  for (const [descriptors, tunnels, withPrograms] of cases) {
    assert.equal(roomIn(descriptors, false, 0), tunnels);
    assert.equal(roomIn(descriptors, true, 0), withPrograms);
  }
});

Deno.test("`roomIn()` keeps what threads have, where the share is less", () => {
  const cases: [descriptors: number, workers: number, tunnels: number][] = [
    [128, 0, 32],
    [128, 2, 20],
    [256, 4, 72],
    [1024, 4, 448],
    [65_536, 64, 32_256],
  ];
  for (const [descriptors, workers, tunnels] of cases) {
    assert.equal(roomIn(descriptors, false, workers), tunnels);
  }
});
