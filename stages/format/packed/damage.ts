/**
 * Errors of compressed data that is truncated or invalid.
 *
 * @module
 */

/** Returns the error for data that ends inside the member or frame `at`. */
export function endsEarly(at: string): Error {
  return new Deno.errors.UnexpectedEof(
    `Cannot unpack ${at}: the file ends within it, so it is truncated: fetch the file again`,
  );
}

/** Returns the error for the member or frame `at`, which is not valid data of a format. */
export function invalidData(
  at: string,
  { format, why, cause }: { readonly format: string; readonly why: string; readonly cause?: unknown },
): Error {
  return new Deno.errors.InvalidData(
    `Cannot unpack ${at}: it is not valid ${format} data (${why}): fetch the file again`,
    { cause },
  );
}
