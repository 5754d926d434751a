import type { Buffers } from "../../lib/engine/elastic_buffer.ts";
import type { Slab } from "../../lib/engine/slab.ts";
import { wideBytes } from "../../lib/websocket/wide_bytes.ts";

/** Buffers of the given sizes that count what is handed out; the large ones are as the small ones unless given. */
export function plainBuffers(smallBytes: number, largeBytes = smallBytes): Buffers {
  return { small: plainSlab(smallBytes), large: plainSlab(largeBytes), release: null, trim() {} };
}

function plainSlab(bytes: number): Slab {
  let used = 0;
  return {
    take() {
      used++;
      return wideBytes(new Uint8Array(bytes));
    },
    give() {
      used--;
    },
    trim() {},
    get used() {
      return used;
    },
    usedBytes: 0,
    reservedBytes: 0,
  };
}
