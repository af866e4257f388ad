/**
 * Finding gzip members and zstd frames inside a packed file: the first one of a byte range, and the next
 * intact one after damage. Packed data contains magic numbers by chance (a magic number of three bytes about
 * every 16 MiB), so each candidate is verified by unpacking it.
 *
 * @module
 */
import type { ByteRange } from "./byte_range.ts";
import { gunzipMembers, type MemberChunk, type MemberOptions } from "./gzip.ts";
import { packingOf, readPacked } from "./packed_file.ts";
import { unzstdFrames } from "./zstd.ts";

const GZIP_MAGIC = [0x1f, 0x8b, 8]; // the third byte means deflate, the only compression method
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const HEAD_BYTES = 4096; // number of unpacked bytes to verify; data that is not a member fails earlier
const MAX_CANDIDATES = 1000;

/** The member to find. */
export interface MemberSearch extends ByteRange {
  /**
   * Returns whether a member may begin with these unpacked bytes: its first 4,096, or all if it has fewer.
   */
  beginsWell(bytes: Uint8Array<ArrayBuffer>): boolean;
  /** Aborts the search. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Returns the byte offset of the first gzip member in the range that `beginsWell` accepts, or null if there
 * is none.
 */
export async function findMember(path: string, search: MemberSearch): Promise<number | null> {
  const { begin, end, beginsWell, signal } = search;
  for await (const start of magicOffsets(path, { begin, end, magic: GZIP_MAGIC, signal })) {
    const head = await memberHead(readPacked(path, { offset: start, signal }), start);
    if (head !== null && beginsWell(head)) return start;
  }
  return null;
}

/**
 * Returns the byte offset of the first gzip member at or after `end`, or Infinity if there is none. The
 * reader of a range that ends at `end` stops at this offset, so that the bytes up to it are read exactly
 * once, even if they are damaged.
 */
export async function nextMember(path: string, search: Omit<MemberSearch, "begin">): Promise<number> {
  if (search.end === Infinity) return Infinity;
  return await findMember(path, { ...search, begin: search.end, end: Infinity }) ?? Infinity;
}

/** The intact member to find. */
export interface IntactMemberOptions {
  /** Byte offset in the packed file at which the search begins. */
  readonly from: number;
  /** First unpacked bytes of the member, in ASCII. */
  readonly begins: string;
  /** Aborts the search. */
  readonly signal: AbortSignal;
}

/**
 * Returns the byte offset of the next member that starts with `begins` and unpacks to its end with a correct
 * checksum. Returns null if there is none, or after 1,000 candidates that failed. Throws the errors of
 * reading the file.
 */
export async function findIntactMember(path: string, options: IntactMemberOptions): Promise<number | null> {
  const { from, begins, signal } = options;
  const packing = await packingOf(path, signal);
  if (packing !== "gz" && packing !== "zst") return null; // members of other formats are not searched for
  const magic = packing === "gz" ? GZIP_MAGIC : ZSTD_MAGIC;
  let candidates = 0;
  for await (const start of magicOffsets(path, { begin: from, end: Infinity, magic, signal })) {
    if (++candidates > MAX_CANDIDATES) return null;
    if (await isIntact(path, { start, packing, begins, signal })) return start;
  }
  return null;
}

/** Yields the byte offsets from `begin` to `end` (exclusive) at which a magic number occurs. */
async function* magicOffsets(
  path: string,
  { begin, end, magic, signal }: ByteRange & {
    readonly magic: readonly number[];
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<number> {
  // The last bytes of the previous chunk, because a magic number may begin in them.
  let held: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  let offset = begin; // byte offset of `held`
  for await (const chunk of readPacked(path, { offset: begin, signal })) {
    const bytes = new Uint8Array(held.length + chunk.length);
    bytes.set(held);
    bytes.set(chunk, held.length);
    for (let at = bytes.indexOf(magic[0]); at >= 0; at = bytes.indexOf(magic[0], at + 1)) {
      if (at + magic.length > bytes.length || magic.some((byte, i) => bytes[at + i] !== byte)) continue;
      if (offset + at >= end) return;
      yield offset + at;
    }
    held = bytes.slice(Math.max(0, bytes.length - magic.length + 1));
    offset += bytes.length - held.length;
    if (offset >= end) return;
  }
}

/** Returns the first unpacked bytes of the gzip member at byte `start`, or null if no member begins there. */
async function memberHead(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  start: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    for await (const { bytes } of gunzipMembers(packed, { name: "", start, maxMembers: 1 })) {
      parts.push(bytes.subarray(0, HEAD_BYTES - size));
      size += parts[parts.length - 1].length;
      if (size >= HEAD_BYTES) break;
    }
  } catch (error) {
    if (isDamage(error)) return null;
    throw error;
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

async function isIntact(
  path: string,
  { start, packing, begins, signal }: {
    readonly start: number;
    readonly packing: "gz" | "zst";
    readonly begins: string;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const unpack: (
    bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
    options: MemberOptions,
  ) => AsyncIterable<MemberChunk> = packing === "gz" ? gunzipMembers : unzstdFrames;
  const packed = readPacked(path, { offset: start, signal });
  let head = "";
  try {
    for await (const { bytes } of unpack(packed, { name: path, start, maxMembers: 1 })) {
      if (head.length >= begins.length) continue;
      head += new TextDecoder("latin1").decode(bytes.subarray(0, begins.length - head.length));
      if (!begins.startsWith(head)) return false;
    }
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
  return head === begins;
}

function isDamage(error: unknown): boolean {
  return error instanceof Deno.errors.InvalidData || error instanceof Deno.errors.UnexpectedEof;
}
