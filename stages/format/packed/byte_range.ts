/**
 * A range of a file: what begins in it is read by whoever reads the range, so that several can share one file and
 * each line or record is read once. Lines are told apart as Hadoop's splits tell them: a range that does not begin
 * the file leaves out what comes up to its first line end, and the one before it reads on to there.
 *
 * @module
 */
import { type Anchor, packingOf, readPacked, readUnpacked } from "./packed_file.ts";
import { gunzipMembers } from "./gzip.ts";

/** Bytes of the file as it lies there. */
export type ByteRange = Readonly<{
  /** The first. */
  begin: number;
  /** After the last; Infinity: to the file's end. */
  end: number;
}>;

/** All of a file. */
export const wholeFile: ByteRange = { begin: 0, end: Infinity };

/** What errors and identifiers call a range: the file, with "#" and the byte where it begins if that is not 0. */
export function rangeName(path: string, { begin }: ByteRange): string {
  return begin === 0 ? path : `${path}#${begin}`;
}

/** Where reading lines of a range stands. */
export interface LineCursor {
  /** Unpacked bytes before the next line: from the file's start, in a packed range from its first member. */
  offset: number;
  /** Where unpacking begins for it. */
  anchor?: Anchor;
  /** The last place at which a line of a packed range may begin, once it is known. */
  last?: number;
}

/** Hears of the members of a packed range, and so learns where its lines end. */
export class LineBounds {
  readonly #path: string;
  readonly #range: ByteRange;
  readonly #cursor: LineCursor;
  #next = Infinity; // packed bytes before the member that the next range begins with

  constructor(
    path: string,
    { range, cursor }: { readonly range: ByteRange; readonly cursor: LineCursor },
  ) {
    this.#path = path;
    this.#range = range;
    this.#cursor = cursor;
    if (packingOf(path) === null && range.end < Infinity) cursor.last = range.end;
  }

  /** To be told of each anchor. */
  readonly pass = ({ packed, unpacked }: Anchor): void => {
    if (packed >= this.#next) this.#cursor.last ??= unpacked;
  };

  /** Whether a line that begins at `offset` belongs to a later range. */
  readonly isBeyond = (offset: number): boolean => offset > (this.#cursor.last ?? Infinity);

  /** Before anything is read: moves a cursor that has not begun to the first line; false: there is none. */
  async enter(signal?: AbortSignal): Promise<boolean> {
    const cursor = this.#cursor, { begin, end } = this.#range;
    const packed = packingOf(this.#path) !== null;
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
    const place = { offset: at, onAnchor: this.pass, ...(cursor.anchor && { anchor: cursor.anchor }) };
    for await (const bytes of readUnpacked(this.#path, { ...place, ...(signal && { signal }) })) {
      const line = bytes.indexOf(10);
      if (line >= 0) {
        cursor.offset = at + line + 1;
        return !this.isBeyond(cursor.offset);
      }
      at += bytes.length;
      if (this.isBeyond(at)) return false;
    }
    return false;
  }
}

/** What to look for. */
export interface MemberSearch extends ByteRange {
  /** Whether a member that is looked for begins with these unpacked bytes, or is these if it has no more. */
  beginsWell(bytes: Uint8Array<ArrayBuffer>): boolean;
  readonly signal: AbortSignal | undefined;
}

const looked = 4096; // unpacked bytes that must be sound: chance does not unpack to as many

/**
 * Where the range ends that ends at packed byte `end`: at the member that the next one finds, however far, so that what
 * lies between them, damaged or not, is read once; Infinity: at the end of the file.
 */
export async function nextMember(path: string, search: Omit<MemberSearch, "begin">): Promise<number> {
  if (search.end === Infinity) return Infinity;
  return await findMember(path, { ...search, begin: search.end, end: Infinity }) ?? Infinity;
}

/** Where in the range the first gzip member that `beginsWell` begins; null: none does. */
export async function findMember(path: string, search: MemberSearch): Promise<number | null> {
  const { begin, end, beginsWell, signal } = search;
  let at = begin; // of the bytes held
  let held: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  for await (const chunk of readPacked(path, { offset: begin, signal })) {
    const bytes = new Uint8Array(held.length + chunk.length);
    bytes.set(held);
    bytes.set(chunk, held.length);
    for (let i = bytes.indexOf(0x1f); i >= 0 && i + 2 < bytes.length; i = bytes.indexOf(0x1f, i + 1)) {
      if (at + i >= end) return null;
      if (bytes[i + 1] !== 0x8b || bytes[i + 2] !== 8) continue;
      const start = at + i;
      const head = await memberHead(readPacked(path, { offset: start, signal }), start);
      if (head !== null && beginsWell(head)) return start;
    }
    const kept = Math.min(2, bytes.length);
    held = bytes.slice(bytes.length - kept);
    at += bytes.length - kept;
    if (at >= end) return null;
  }
  return null;
}

/** What the member that begins at packed byte `start` begins with; null where none begins there. */
async function memberHead(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  start: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    for await (const { bytes } of gunzipMembers(packed, { name: "", start, most: 1 })) {
      parts.push(bytes.subarray(0, looked - size));
      size += parts[parts.length - 1].length;
      if (size >= looked) break;
    }
  } catch (error) {
    if (error instanceof Deno.errors.InvalidData || error instanceof Deno.errors.UnexpectedEof) return null;
    throw error;
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Whether bytes, which may begin and end amid a character, are UTF-8. */
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
