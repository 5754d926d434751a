/**
 * The client of Redis, in a file of its own: it is larger than all else, and loaded where targets are in Redis alone.
 *
 * @module
 */
export { createClient } from "@redis/client";
