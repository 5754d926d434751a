/**
 * Sizes in bytes as people write them: `16MiB`, `64 KiB`, `4096B`.
 *
 * @module
 */

const UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** Reads a size with its unit and gives it in bytes, or null when the text is none or no whole number of bytes. */
export function parseByteSize(text: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?(B|KiB|MiB|GiB)$/.exec(text);
  if (match === null) return null;
  const bytes = Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** Writes a size in the largest unit that keeps it whole, the way {@linkcode parseByteSize} reads it. */
export function formatByteSize(bytes: number): string {
  const unit = (["GiB", "MiB", "KiB"] as const).find((name) =>
    bytes > 0 && bytes % UNITS[name] === 0
  );
  return unit === undefined ? `${bytes}B` : `${bytes / UNITS[unit]}${unit}`;
}
