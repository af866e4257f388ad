/**
 * Unpacking gzip member by member. Each chunk has the offset of its member, from which reading can resume.
 * Deflate itself is implemented by node:zlib. Source: RFC 1952 (gzip), RFC 1951 (deflate).
 *
 * @module
 */
import { crc32, createInflateRaw } from "node:zlib";
import { ByteQueue } from "./byte_queue.ts";
import { endsEarly, invalidData } from "./damage.ts";
import { Unpacker } from "./unpacker.ts";

/** Unpacked bytes of one member or frame. */
export interface MemberChunk {
  /** The bytes; at least one. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Byte offset in the packed file of the member that contains the bytes. */
  readonly member: number;
  /** Whether the bytes are the member's first bytes. */
  readonly first: boolean;
}

/** Options for reading members. */
export interface MemberOptions {
  /** Name of the file in errors. */
  readonly name: string;
  /** Byte offset of the first chunk in the packed file (default 0). */
  readonly start?: number;
  /** Maximum number of members to read (default all). */
  readonly maxMembers?: number;
}

const PUSH_BYTES = 1 << 14; // packed bytes per push; they unpack to at most 16 MiB, even in a zip bomb

/**
 * Unpacks chunks that begin at packed byte `start`, the start of a member. Bytes of value 0 after the last
 * member are ignored as padding. Throws Deno.errors.InvalidData if the data or a checksum is wrong, and
 * UnexpectedEof if the data ends early; both name the member's offset.
 */
export async function* gunzipMembers(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { name, start = 0, maxMembers = Infinity }: MemberOptions,
): AsyncGenerator<MemberChunk> {
  const input = new ByteQueue(packed, start);
  for (let members = 0; members < maxMembers && await input.fill(1); members++) {
    if (members > 0 && await input.skipZeros()) return;
    const member = input.offset;
    const at = `${name} (gzip member at byte ${member})`;
    await skipHeader(input, at);
    let sum = 0, size = 0, first = true;
    for await (const bytes of inflate(input, at)) {
      sum = crc32(bytes, sum);
      size = (size + bytes.length) >>> 0;
      yield { bytes, member, first };
      first = false;
    }
    const trailer = new DataView((await take(input, 8, at)).buffer);
    if (trailer.getUint32(0, true) !== sum || trailer.getUint32(4, true) !== size) {
      throw invalid(at, "its checksum or size is wrong");
    }
  }
}

/** Unpacks one deflate stream; the bytes after it stay in the input. */
async function* inflate(input: ByteQueue, at: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const unpacker = new Unpacker(createInflateRaw({ chunkSize: 1 << 16 }));
  try {
    for (;;) {
      if (!await input.fill(1)) throw endsEarly(at);
      const { used, ended } = await unpacker.push(input.peek(PUSH_BYTES)).catch((cause) => {
        throw invalid(at, cause instanceof Error ? cause.message : String(cause), cause);
      });
      input.drop(used);
      yield* unpacker.take();
      if (ended) return;
    }
  } finally {
    unpacker.close();
  }
}

/**
 * Skips a member's header: magic number, method, flags, time and system, then the fields that the flags
 * announce.
 */
async function skipHeader(input: ByteQueue, at: string): Promise<void> {
  const [first, second] = await take(input, 2, at);
  if (first !== 0x1f || second !== 0x8b) throw invalid(at, "it does not begin with gzip's magic number");
  const [method, flags] = await take(input, 8, at);
  if (method !== 8) throw invalid(at, `its method is ${method}, expected 8`);
  if (flags & 4) {
    const [low, high] = await take(input, 2, at);
    await take(input, low + 256 * high, at);
  }
  for (const flag of [8, 16]) { // a file name and a comment, each ended by a byte of value 0
    if (flags & flag) await skipText(input, at);
  }
  if (flags & 2) await take(input, 2, at);
}

const MAX_TEXT_BYTES = 1 << 16; // maximum for a file name or comment; file systems allow names of 255 bytes

async function skipText(input: ByteQueue, at: string): Promise<void> {
  for (let skipped = 0; await input.fill(1);) {
    const held = input.peek(MAX_TEXT_BYTES + 1 - skipped);
    const end = held.indexOf(0);
    input.drop(end < 0 ? held.length : end + 1);
    if (end >= 0) return;
    skipped += held.length;
    if (skipped > MAX_TEXT_BYTES) {
      throw invalid(at, `a name in its header is longer than ${MAX_TEXT_BYTES} bytes`);
    }
  }
  throw endsEarly(at);
}

async function take(input: ByteQueue, count: number, at: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!await input.fill(count)) throw endsEarly(at);
  const bytes = input.peek(count).slice();
  input.drop(count);
  return bytes;
}

function invalid(at: string, why: string, cause?: unknown): Error {
  return invalidData(at, { format: "gzip", why, cause });
}
