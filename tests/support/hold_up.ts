/** Holds this thread up: nothing happens meanwhile, as when the process is stopped. */
export function holdUp(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
