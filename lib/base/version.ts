/**
 * What this is: the version, which stands in `deno.json` alone, and the commit that an executable was built from.
 *
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };

/** Defined by `scripts/compile.ts` at the top of the bundle. */
declare const BUILD_COMMIT: string | undefined;

export const VERSION: string = manifest.version;

/** The commit, `-dirty` behind it when files were changed; null when run from source. */
export const COMMIT: string | null = typeof BUILD_COMMIT === "undefined" ? null : BUILD_COMMIT;

/** Version, commit and runtime in one line. */
export function versionLine(): string {
  const { deno, v8 } = Deno.version;
  const origin = COMMIT === null ? "from source" : `commit ${COMMIT}`;
  return `wstunnel ${VERSION} (${origin}, deno ${deno}, v8 ${v8})\n`;
}

/** Whether a version such as `2.9.6` is `major.minor` or newer. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const [ours = 0, less = 0] = version.split(".").map(Number);
  return ours > major || (ours === major && less >= minor);
}
