/**
 * How late the event loop comes to what is due: a timer that measures itself.
 *
 * @module
 */

/**
 * What holds everything up for longer is seen for certain, though not from its beginning; what is shorter mostly isn't. Five looks a second take
 * 0.1 % of a core where nothing else goes on.
 */
const LOOK_MS = 200;

/** Tells at each look how many milliseconds late it was, until what is given is called. It keeps nobody from ending. */
export function watchLoop(onLook: (lateMs: number) => void): () => void {
  let lookedAtMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    onLook(Math.max(nowMs - lookedAtMs - LOOK_MS, 0));
    lookedAtMs = nowMs;
  }, LOOK_MS);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}
