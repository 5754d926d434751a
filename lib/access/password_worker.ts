/**
 * Compares passwords with hashes, in a thread of its own: each takes tens of milliseconds of a processor, in which no tunnel would move.
 *
 * @module
 */
import { verify } from "unixcrypt";
import { compareSync } from "./bcrypt.ts";

/** What is asked; the answer is whether it is the password of the hash. */
export interface PasswordQuestion {
  readonly password: string;
  /** Of bcrypt, or of SHA-256 or SHA-512 crypt. */
  readonly hash: string;
}

/** What a worker has of the global scope, which no type of this project says. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<PasswordQuestion>) => void;
  postMessage: (isRight: boolean) => void;
};

scope.onmessage = ({ data }) => scope.postMessage(isRight(data));

function isRight({ password, hash }: PasswordQuestion): boolean {
  try {
    return hash.startsWith("$2") ? compareSync(password, hash) : verify(password, hash);
  } catch {
    // One that looks like a hash and is none is nobody's.
    return false;
  }
}
