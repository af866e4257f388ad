/**
 * Reading the lines of one byte range of a file, so that all ranges together read each line once. The rule is
 * the same as for Hadoop's input splits: every range except the first range of the file starts after its
 * first line end, and the previous range reads up to that line end.
 *
 * @module
 */
import type { ByteRange } from "./byte_range.ts";
import { findMember, nextMember } from "./find_member.ts";
import { type Anchor, packingOf, readUnpacked } from "./packed_file.ts";

/** The position of a reader of lines, as its state saves it. */
export interface LineCursor {
  /**
   * Offset of the next line in unpacked bytes. It is counted from the file's start or, for a range of a
   * packed file, from the first member of the range.
   */
  offset: number;
  /** Position at which unpacking for this line starts. */
  anchor?: Anchor;
  /** Greatest offset at which a line of the range may begin, once it is known. */
  last?: number;
}

/**
 * Finds the first and the last line of a range. A range of a packed file ends at the start of a member. The
 * unpacked offset of that member is known only once the reader has reached it.
 */
export class LineBounds {
  readonly #path: string;
  readonly #range: ByteRange;
  readonly #cursor: LineCursor;
  #next = Infinity; // packed byte offset of the member at which the next range begins

  constructor(path: string, { range, cursor }: { readonly range: ByteRange; readonly cursor: LineCursor }) {
    this.#path = path;
    this.#range = range;
    this.#cursor = cursor;
  }

  /** Called with each anchor that the reader passes; used as the `onAnchor` of `readUnpacked`. */
  readonly pass = ({ packed, unpacked }: Anchor): void => {
    if (packed >= this.#next) this.#cursor.last ??= unpacked;
  };

  /** Whether a line that begins at `offset` belongs to a later range. */
  readonly isBeyond = (offset: number): boolean => offset > (this.#cursor.last ?? Infinity);

  /**
   * Moves a cursor that is still at its start to the first line of the range. Returns false if the range has
   * no line.
   */
  async enter(signal?: AbortSignal): Promise<boolean> {
    const cursor = this.#cursor, { begin, end } = this.#range;
    if (begin === 0 && end === Infinity) return true;
    const packed = await packingOf(this.#path, signal) !== null;
    if (!packed && end < Infinity) cursor.last = end;
    if (packed) this.#next = await nextMember(this.#path, { end, beginsWell: isText, signal });
    if (begin === 0 || cursor.offset > (packed ? 0 : begin)) return true;
    if (packed) {
      const member = await findMember(this.#path, { begin, end, beginsWell: isText, signal });
      if (member === null) return false;
      cursor.anchor = { packed: member, unpacked: 0 };
    } else {
      cursor.offset = begin;
    }
    let at = cursor.offset;
    const start = { offset: at, onAnchor: this.pass, ...(cursor.anchor && { anchor: cursor.anchor }) };
    for await (const bytes of readUnpacked(this.#path, { ...start, ...(signal && { signal }) })) {
      const lineEnd = bytes.indexOf(10);
      if (lineEnd >= 0) {
        cursor.offset = at + lineEnd + 1;
        return !this.isBeyond(cursor.offset);
      }
      at += bytes.length;
      if (this.isBeyond(at)) return false;
    }
    return false;
  }
}

/** Returns whether bytes are UTF-8; they may begin and end inside a character. */
function isText(bytes: Uint8Array<ArrayBuffer>): boolean {
  let first = 0;
  while (first < 3 && (bytes[first] & 0xC0) === 0x80) first++;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(first), { stream: true });
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
