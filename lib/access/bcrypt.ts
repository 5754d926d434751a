/**
 * Passwords by bcrypt. The one file that knows bcryptjs.
 *
 * @module
 */
export { compareSync, hashSync } from "bcryptjs";
