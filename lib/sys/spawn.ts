/**
 * Starting a program with descriptors of ours as its own: posix_spawn(3).
 *
 * The runtime takes a descriptor, too (2.9.6: by its number as `stdin` of `Deno.Command`, or in `stdio` of `node:child_process`), but makes a
 * copy for it with dup(2), which the program inherits beside the one that it was given. It knows nothing of that and never closes it: a
 * listener would stay open with its last child, and the end of a socket that the program has closed would not be seen.
 *
 * As fast as vfork(2), whatever we weigh: the program shares our memory until it is executed.
 *
 * @module
 */
import { describeError, type Libc } from "./libc.ts";

/** What to start. */
export interface SpawnRequest {
  /** Its path. */
  readonly file: string;
  /** Its own name first. */
  readonly words: readonly string[];
  /** All of it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Those that it gets as its 0, 1, 2 and so on; ours stay open. All of them are above those. */
  readonly descriptors: readonly number[];
}

// Of <spawn.h>, with more room than its structures take anywhere.
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;
const STRUCTURE_BYTES = 1024;

// Of <signal.h>.
const SIGPIPE = 13;
const SIGNAL_SET_BYTES = 128;

// Of <errno.h>.
const ENOENT = 2;
const ENOEXEC = 8;
const EACCES = 13;

const KINDS: Readonly<Record<number, new (message: string) => Error>> = {
  [ENOENT]: Deno.errors.NotFound,
  [EACCES]: Deno.errors.PermissionDenied,
};

/** Starts a program as the leader of a session of its own, and gives its process id. Throws what keeps it from starting. */
export function posixSpawn(libc: Libc, request: SpawnRequest): number {
  const { file, words } = request;
  let [errno, pid] = spawnOnce(libc, request);
  // A script that doesn't say what it is for is the shell's, as execvp(3) has it.
  if (errno === ENOEXEC) {
    const asScript = { file: "/bin/sh", words: ["/bin/sh", file, ...words.slice(1)] };
    [errno, pid] = spawnOnce(libc, { ...request, ...asScript });
  }
  if (errno !== 0) throw new (KINDS[errno] ?? Error)(describeError(libc, errno));
  return pid;
}

function spawnOnce({ symbols }: Libc, request: SpawnRequest): [errno: number, pid: number] {
  const actions = new Uint8Array(STRUCTURE_BYTES);
  const attributes = new Uint8Array(STRUCTURE_BYTES);
  const { descriptors, environment } = request;
  const pid = new Int32Array(1);
  symbols.posix_spawn_file_actions_init(actions);
  descriptors.forEach((from, to) => symbols.posix_spawn_file_actions_adddup2(actions, from, to));
  symbols.posix_spawnattr_init(attributes);
  const flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  symbols.posix_spawnattr_setflags(attributes, flags);
  // The runtime ignores it, and what is ignored stays so in a program. Handlers are gone by themselves.
  symbols.posix_spawnattr_setsigdefault(attributes, signalSet(SIGPIPE));
  symbols.posix_spawnattr_setsigmask(attributes, signalSet());
  const errno = symbols.posix_spawn(
    pid,
    createString(request.file),
    actions,
    attributes,
    createStrings(request.words),
    createStrings(Object.entries(environment).map((pair) => pair.join("="))),
  );
  symbols.posix_spawn_file_actions_destroy(actions);
  return [errno, pid[0]!];
}

function signalSet(...signals: readonly number[]): Uint8Array<ArrayBuffer> {
  const set = new Uint8Array(SIGNAL_SET_BYTES);
  for (const signal of signals) set[(signal - 1) >> 3]! |= 1 << ((signal - 1) & 7);
  return set;
}

/** An array of strings as C has it: pointers, a null at their end, and in the same block the strings they point to. */
function createStrings(strings: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoded = strings.map(createString);
  const pointersBytes = (strings.length + 1) * BigUint64Array.BYTES_PER_ELEMENT;
  const length = encoded.reduce((sum, bytes) => sum + bytes.length, pointersBytes);
  // The collector of garbage moves small arrays, but not what lies in a buffer made by itself.
  const block = new Uint8Array(new ArrayBuffer(length));
  const pointers = new BigUint64Array(block.buffer, 0, strings.length + 1);
  const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(block));
  let at = pointersBytes;
  encoded.forEach((bytes, index) => {
    pointers[index] = address + BigInt(at);
    block.set(bytes, at);
    at += bytes.length;
  });
  return block;
}

function createString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) throw new TypeError("nul byte found in provided data");
  return new TextEncoder().encode(`${text}\0`);
}
