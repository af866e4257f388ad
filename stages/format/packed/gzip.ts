/**
 * Gzip, member by member: where each begins is told, so that reading can go on there later.
 * Source: RFC 1952 (gzip), RFC 1951 (deflate, by node:zlib).
 *
 * @module
 */
import { crc32, createInflateRaw } from "node:zlib";
import { ByteQueue } from "./byte_queue.ts";
import { Unpacker } from "./unpacker.ts";

/** Unpacked bytes of one member. */
export interface MemberChunk {
  /** Not empty. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where their member begins: packed bytes before it, from the start of the file. */
  readonly member: number;
  /** They are its first. */
  readonly first: boolean;
}

/** Which members, and what errors call the file. */
export interface MemberOptions {
  /** What errors call the file. */
  readonly name: string;
  /** Packed bytes before the first chunk (default 0). */
  readonly start?: number;
  /** Members to read (default all). */
  readonly most?: number;
}

const FED_BYTES = 1 << 14; // at a time: they unpack to at most 16 MiB, so a bomb costs no more memory

/**
 * Unpacks chunks that begin at packed byte `start`, at a member. Zeros after the last member are padding. Throws
 * Deno.errors.InvalidData, with the member's place, where the packing or a check sum is broken, UnexpectedEof where it
 * ends early.
 */
export async function* gunzipMembers(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { name, start = 0, most = Infinity }: MemberOptions,
): AsyncGenerator<MemberChunk> {
  const input = new ByteQueue(packed, start);
  for (let members = 0; members < most && await input.fill(1); members++) {
    if (members > 0 && await input.skipZeros()) return;
    const member = input.offset;
    const at = `${name} (gzip member at byte ${member})`;
    await passHeader(input, at);
    let sum = 0, size = 0, first = true;
    for await (const bytes of inflate(input, at)) {
      sum = crc32(bytes, sum);
      size = (size + bytes.length) >>> 0;
      yield { bytes, member, first };
      first = false;
    }
    const trailer = new DataView((await take(input, 8, at)).buffer);
    if (trailer.getUint32(0, true) !== sum || trailer.getUint32(4, true) !== size) {
      throw broken(at, "its check sum does not fit");
    }
  }
}

/** One deflate stream; what follows it stays in the input. */
async function* inflate(input: ByteQueue, at: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const unpacker = new Unpacker(createInflateRaw({ chunkSize: 1 << 16 }));
  try {
    for (;;) {
      if (!await input.fill(1)) throw endsEarly(at);
      const { used, ended } = await unpacker.push(input.peek(FED_BYTES)).catch((cause) => {
        throw broken(at, cause instanceof Error ? cause.message : String(cause), cause);
      });
      input.drop(used);
      yield* unpacker.take();
      if (ended) return;
    }
  } finally {
    unpacker.close();
  }
}

/** Magic, method, flags, time, system; then what the flags say. */
async function passHeader(input: ByteQueue, at: string): Promise<void> {
  const [first, second] = await take(input, 2, at);
  if (first !== 0x1f || second !== 0x8b) throw broken(at, "it does not begin as gzip");
  const [method, flags] = await take(input, 8, at);
  if (method !== 8) throw broken(at, `its method is ${method}, wanted 8`);
  if (flags & 4) {
    const [low, high] = await take(input, 2, at);
    await take(input, low + 256 * high, at);
  }
  for (const flag of [8, 16]) { // a name, a comment: each to a zero
    if (flags & flag) await passText(input, at);
  }
  if (flags & 2) await take(input, 2, at);
}

const LONGEST_TEXT = 1 << 16; // of a name or comment: file systems allow 255 bytes

async function passText(input: ByteQueue, at: string): Promise<void> {
  for (let passed = 0; await input.fill(1);) {
    const held = input.peek(LONGEST_TEXT + 1 - passed);
    const end = held.indexOf(0);
    input.drop(end < 0 ? held.length : end + 1);
    if (end >= 0) return;
    passed += held.length;
    if (passed > LONGEST_TEXT) throw broken(at, `a name in its header is longer than ${LONGEST_TEXT} bytes`);
  }
  throw endsEarly(at);
}

async function take(input: ByteQueue, count: number, at: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!await input.fill(count)) throw endsEarly(at);
  const bytes = input.peek(count).slice();
  input.drop(count);
  return bytes;
}

function endsEarly(at: string): Error {
  return new Deno.errors.UnexpectedEof(
    `Cannot unpack ${at}: it ends early, so it was cut short: fetch the file again`,
  );
}

function broken(at: string, why: string, cause?: unknown): Error {
  return new Deno.errors.InvalidData(
    `Cannot unpack ${at}: not sound gzip data (${why}): fetch the file again, or name it for what it is`,
    { cause },
  );
}
