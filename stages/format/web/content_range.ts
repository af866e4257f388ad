/**
 * Parses the Content-Range field of a partial response. Source: RFC 9110, section 14.4.
 *
 * @module
 */

/** The part of a file that a response carries. */
export interface ContentRange {
  /** Offset of the first byte. */
  readonly first: number;
  /** Offset of the last byte, which is included. */
  readonly last: number;
  /** Size of the whole file in bytes; null if the server does not know it. */
  readonly size: number | null;
}

/** The Content-Range of a response; null if there is none or it is malformed. */
export function contentRangeOf({ headers }: Response): ContentRange | null {
  const match = /^\s*bytes\s+(\d+)-(\d+)\/(\d+|\*)\s*$/i.exec(headers.get("content-range") ?? "");
  if (match === null) return null;
  const [first, last] = [Number(match[1]), Number(match[2])];
  return last < first ? null : { first, last, size: match[3] === "*" ? null : Number(match[3]) };
}
