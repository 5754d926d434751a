/**
 * The end of what is here, held back until the server has sent nothing for a while: behind our Close most servers send nothing more, the answer to
 * the last question included.
 *
 * @module
 */
import { startDeadline } from "../../base/deadline.ts";
import type { BackendConnection } from "../../backend/connection.ts";

/**
 * The connection, whose end of stream is told once nothing has been written to it for so long, or nothing more can be; `onEnd` is called just before
 * that.
 */
export function lingering(
  connection: BackendConnection,
  lingerMs: number,
  onEnd: () => void,
): BackendConnection {
  let isOver = false;
  let isWriting = false;
  let writtenAtMs = -Infinity;
  let wake = () => {};
  const end = () => {
    isOver = true;
    wake();
  };
  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const cancel = startDeadline(milliseconds, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  const silence = async () => {
    const beganMs = performance.now();
    while (!isOver) {
      const nowMs = performance.now();
      const sinceMs = isWriting ? nowMs : Math.max(beganMs, writtenAtMs);
      const leftMs = sinceMs + lingerMs - nowMs;
      if (leftMs <= 0) return;
      await pause(leftMs);
    }
  };
  return {
    async read(buffer) {
      const count = await connection.read(buffer);
      if (count !== null) return count;
      await silence();
      onEnd();
      return null;
    },
    async write(bytes) {
      isWriting = true;
      try {
        return await connection.write(bytes);
      } catch (error) {
        end();
        throw error;
      } finally {
        isWriting = false;
        writtenAtMs = performance.now();
      }
    },
    closeWrite() {
      end();
      return connection.closeWrite();
    },
    close() {
      end();
      connection.close();
    },
  };
}
