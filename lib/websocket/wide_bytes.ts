/**
 * A buffer with the views that the hot loops over it need, made once for each buffer: to make a view costs more than to
 * unmask a small frame.
 *
 * @module
 */

/** Three views of the same bytes. */
export interface WideBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** For words at any index. */
  readonly view: DataView<ArrayBuffer>;
  /** For words at indices that are multiples of eight; without the last `bytes.length % 8` bytes. */
  readonly words: BigUint64Array<ArrayBuffer>;
}

/** Makes the views; throws a RangeError unless the bytes begin at a multiple of eight in their ArrayBuffer. */
export function wideBytes(bytes: Uint8Array<ArrayBuffer>): WideBytes {
  const { buffer, byteOffset, length } = bytes;
  return {
    bytes,
    view: new DataView(buffer, byteOffset, length),
    words: new BigUint64Array(buffer, byteOffset, length >> 3),
  };
}
