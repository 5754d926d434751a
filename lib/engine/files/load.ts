/**
 * Files are served by code that is loaded with the first request for one.
 *
 * @module
 */

export function loadFileServer(): Promise<typeof import("./file_server.ts")> {
  return import("./file_server.ts");
}
