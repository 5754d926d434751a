/**
 * A folder in which a token is the name of an entry: a file that holds `host:port`, as websockify's TokenFileName has it, or a unix-domain
 * socket, as its UnixDomainSocketDirectory. It is looked at for each request.
 *
 * @module
 */
import { parseUnixPath } from "../../base/address.ts";
import { readTextFile } from "../../base/read_file.ts";
import { type Found, NO_SUCH_TOKEN, NO_TARGET, type TargetSource } from "./source.ts";
import { parseTarget } from "../../config/target_text.ts";

/** A host name has 253 characters, a socket's path 107. */
const MAX_FILE_BYTES = 1024;

/** A name of one entry: no path, nothing hidden, no `.` and `..`. The longest that file systems take has 255 bytes. */
const NAME = /^(?!\.)[^/\\\0]{1,255}$/;

export function createTokenFolder(folder: string): TargetSource {
  return {
    async find(token): Promise<Found> {
      if (!NAME.test(token)) return NO_SUCH_TOKEN;
      const path = `${folder}/${token}`;
      try {
        const { isFile, isSocket } = await Deno.stat(path);
        if (isSocket) return socketAt(path);
        if (!isFile) return NO_SUCH_TOKEN;
      } catch {
        return await isThere(folder) ? NO_SUCH_TOKEN : { failed: `there is no folder ${folder}` };
      }
      const read = await readTextFile(path, MAX_FILE_BYTES);
      const address = "text" in read ? parseTarget(read.text) : null;
      return address === null ? NO_TARGET : { address };
    },
    close() {},
  };
}

function socketAt(path: string): Found {
  const parsed = parseUnixPath(path.startsWith("/") ? path : `${Deno.cwd()}/${path}`);
  return "address" in parsed ? parsed : NO_TARGET;
}

async function isThere(folder: string): Promise<boolean> {
  try {
    return (await Deno.stat(folder)).isDirectory;
  } catch {
    return false;
  }
}
