/** In what part of its life the server is: before its listeners are open; while it takes requests; once it is to end. */
export type Phase = "starting" | "serving" | "draining";
