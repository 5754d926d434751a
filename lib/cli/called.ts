/**
 * What the program was called.
 *
 * @module
 */

/**
 * The arguments, behind `websockify` where the executable was started by that name, as by a symbolic link. `argv0` is what stood in the place of
 * the program; from source it is the runtime's.
 */
export function argumentsOf(argv0: string, args: readonly string[]): readonly string[] {
  const isWebsockify = /(?:^|[/\\])websockify(?:\.exe)?$/.test(argv0);
  // In the background it is started with the word, whatever its file is called.
  return isWebsockify && args[0] !== "websockify" ? ["websockify", ...args] : args;
}
