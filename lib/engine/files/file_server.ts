/**
 * What serves files, by the engine that has the connection.
 *
 * @module
 */
export { respondWithFile } from "./responding.ts";
export { sendFile } from "./sending.ts";
