/**
 * What the system knows of this process, as far as the runtime tells.
 *
 * @module
 */
import process from "node:process";
import type { Gauges } from "../../events/metrics/gauges.ts";
import { ownDescriptorLimit } from "../../sys/descriptor_limit.ts";
import { openDescriptors } from "../../sys/open_descriptors.ts";

export function readProcess(): Gauges["process"] {
  const { user, system } = process.cpuUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: Deno.memoryUsage().rss,
    startSeconds: performance.timeOrigin / 1000,
    openDescriptors: openDescriptors(),
    maxDescriptors: ownDescriptorLimit(),
  };
}
