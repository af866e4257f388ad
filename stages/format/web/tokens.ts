/**
 * Access tokens that requests for files carry, each to the server that it was given for.
 *
 * @module
 */

const tokens = new Map<string, string>(); // by origin, for the life of the process

/** Sends a token with all requests of `readRemote` and `findRemote` to the origin of a URL. */
export function sendToken(url: string, token: string): void {
  tokens.set(new URL(url).origin, token);
}

/** The header with the token for a URL's origin; none if there is none. */
export function tokenHeader(url: string): Readonly<Record<string, string>> {
  const token = tokens.get(new URL(url).origin);
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
