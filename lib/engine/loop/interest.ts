/**
 * What a connection's socket is registered for in a loop, and what its events say.
 *
 * @module
 */
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from "../../sys/epoll.ts";

export const RECEIVES = EPOLLIN | EPOLLRDHUP | EPOLLET;

/** With room, of which only those are to hear that have been seen to lack it. */
export const SENDS_TOO = RECEIVES | EPOLLOUT;

/** An end, or an error. */
export const HANG_UP = EPOLLRDHUP | EPOLLERR | EPOLLHUP;

/** There is something for a read to tell. */
export const READABLE = EPOLLIN | HANG_UP;
