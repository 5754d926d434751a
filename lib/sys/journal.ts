/**
 * Whether standard error is the system's journal (systemd.exec(5), JOURNAL_STREAM), which has levels and times of its own. Linux only, through
 * FFI: the runtime tells nothing of a descriptor.
 *
 * @module
 */
import { sharedLibc } from "./libc.ts";

const STANDARD_ERROR = 2;

// Of <fcntl.h> and <linux/stat.h>.
const AT_EMPTY_PATH = 0x1000;
const STATX_INO = 0x100;

/** `struct statx`, and where in it the inode and the device's numbers are. */
const STATX_BYTES = 256;
const INODE_OFFSET = 32;
const DEVICE_OFFSET = 136;

/** Whoever has had it go elsewhere since the service began has left the variable as it was: so the two are compared. */
export function isJournal(): boolean {
  const stream = Deno.env.get("JOURNAL_STREAM");
  if (!stream || !sharedLibc.ok) return false;
  const { statx } = sharedLibc.libc.symbols;
  const status = new DataView(new ArrayBuffer(STATX_BYTES));
  const bytes = new Uint8Array(status.buffer);
  const noPath = new Uint8Array(1);
  if (statx?.(STANDARD_ERROR, noPath, AT_EMPTY_PATH, STATX_INO, bytes) !== 0) return false;
  const inode = status.getBigUint64(INODE_OFFSET, true);
  const major = status.getUint32(DEVICE_OFFSET, true);
  const minor = status.getUint32(DEVICE_OFFSET + 4, true);
  return stream === `${device(major, minor)}:${inode}`;
}

/** As makedev(3) puts it together, of numbers that fit. */
function device(major: number, minor: number): number {
  return (major << 8 | minor & 0xff | (minor & ~0xff) << 12) >>> 0;
}
