/**
 * A byte range of a file, so that several readers can share one large file.
 *
 * @module
 */

/** Bytes `begin` to `end` (exclusive) of the file as it is stored: packed bytes if the file is packed. */
export type ByteRange = Readonly<{
  /** Offset of the first byte. */
  begin: number;
  /** Offset after the last byte; Infinity for the file's end. */
  end: number;
}>;

/** The range of all bytes. */
export const wholeFile: ByteRange = { begin: 0, end: Infinity };

/**
 * Returns the name of a range in errors and document ids: the path, followed by "#" and `begin` if `begin` is
 * not 0.
 */
export function rangeName(path: string, { begin }: ByteRange): string {
  return begin === 0 ? path : `${path}#${begin}`;
}
