/**
 * The error for files with wrong content, on every platform: code that reads files may also run in a browser.
 *
 * @module
 */

/** Returns Deno.errors.InvalidData, or in a browser an Error with that name. */
export function invalidData(message: string, options?: ErrorOptions): Error {
  if ("Deno" in globalThis) return new Deno.errors.InvalidData(message, options);
  return Object.assign(new Error(message, options), { name: "InvalidData" });
}
