/**
 * Unpacks LZ4 frame by frame. Checksums are computed by npm xxhash-wasm. Blocks are decoded here: the npm
 * packages for LZ4 are native, take whole files, or trust the lengths and offsets in a block.
 *
 * Source: lz4 1.10, doc/lz4_Frame_format.md and doc/lz4_Block_format.md.
 *
 * @module
 */
import { importPackage } from "../../disk/packages.ts";
import { ByteQueue } from "./byte_queue.ts";
import { endsEarly, invalidData } from "./damage.ts";
import type { MemberChunk, MemberOptions } from "./gzip.ts";

const MAGIC = 0x184D2204, LEGACY_MAGIC = 0x184C2102;
const SKIPPABLE_MAGIC = 0x184D2A50; // the first of 16 magic numbers
const HISTORY = 1 << 16; // bytes before a block to which it may refer
const UNPACKED = 0x80000000; // bit of a block's size: its bytes are stored as they are

/**
 * Unpacks chunks that begin at packed byte `start`, the start of a frame. Throws Deno.errors.InvalidData if
 * the data or a checksum is wrong, and UnexpectedEof if the data ends early; both name the frame's offset.
 */
export async function* unlz4Frames(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { name, start = 0, maxMembers = Infinity }: MemberOptions,
): AsyncGenerator<MemberChunk> {
  const input = new ByteQueue(packed, start);
  const hashes = await (await importPackage("xxhash-wasm")).default();
  for (let frames = 0; frames < maxMembers && await input.fill(1); frames++) {
    const member = input.offset, at = `${name} (lz4 frame at byte ${member})`;
    const magic = (await take(input, 4, at)).getUint32(0, true);
    if (((magic & 0xFFFFFFF0) >>> 0) === SKIPPABLE_MAGIC) {
      let left = (await take(input, 4, at)).getUint32(0, true);
      for (; left > 0; left -= Math.min(left, 1 << 16)) await take(input, Math.min(left, 1 << 16), at);
    } else if (magic === MAGIC) {
      let first = true;
      for await (const bytes of unpackFrame(input, { at, hashes })) {
        yield { bytes, member, first };
        first = false;
      }
    } else if (magic === LEGACY_MAGIC) {
      throw invalid(at, "it has the format before frames, of `lz4 -l`: pack it with `lz4` alone");
    } else throw invalid(at, "it does not begin with lz4's magic number");
  }
}

/** What is used of xxhash-wasm. */
interface Hashes {
  h32Raw(input: Uint8Array): number;
  create32(): { update(input: Uint8Array): unknown; digest(): number };
}

/** What a frame's header says. */
interface FrameHeader {
  /** Most bytes that a block has, unpacked. */
  readonly blockBytes: number;
  /** Whether a block may refer to bytes of the blocks before it. */
  readonly linked: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  /** Number of unpacked bytes; null if it is not written. */
  readonly contentBytes: bigint | null;
}

async function* unpackFrame(
  input: ByteQueue,
  { at, hashes }: { readonly at: string; readonly hashes: Hashes },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const header = await readHeader(input, { at, hashes }), { blockBytes, linked } = header;
  const sum = hashes.create32();
  let history: Uint8Array<ArrayBuffer> = new Uint8Array(0), total = 0n;
  for (;;) {
    const field = (await take(input, 4, at)).getUint32(0, true);
    if (field === 0) break;
    const stored = field >= UNPACKED, size = stored ? field - UNPACKED : field;
    if (size > blockBytes) throw invalid(at, `a block has ${size} bytes, expected at most ${blockBytes}`);
    const block = bytesOf(await take(input, size, at));
    if (header.blockChecksums && (await take(input, 4, at)).getUint32(0, true) !== hashes.h32Raw(block)) {
      throw invalid(at, "the checksum of a block is wrong");
    }
    const bytes = stored ? block : unpackBlock(block, { history, most: blockBytes, at });
    total += BigInt(bytes.length);
    if (header.contentChecksum) sum.update(bytes);
    if (bytes.length > 0) yield bytes;
    if (linked) history = lastBytes(history, bytes);
  }
  if (header.contentChecksum && (await take(input, 4, at)).getUint32(0, true) !== sum.digest()) {
    throw invalid(at, "its checksum is wrong");
  }
  if (header.contentBytes !== null && header.contentBytes !== total) {
    throw invalid(at, `it has ${total} bytes, expected ${header.contentBytes}`);
  }
}

async function readHeader(
  input: ByteQueue,
  { at, hashes }: { readonly at: string; readonly hashes: Hashes },
): Promise<FrameHeader> {
  const start = await take(input, 2, at), flags = start.getUint8(0), blocks = start.getUint8(1);
  if (flags >> 6 !== 1) throw invalid(at, `its version is ${flags >> 6}, expected 1`);
  if ((flags & 1) !== 0) throw invalid(at, "it needs a dictionary, which is not in the file");
  const size = blocks >> 4 & 7;
  if (size < 4) throw invalid(at, `its block size is ${size}, expected 4 to 7`);
  const content = (flags & 8) !== 0 ? await take(input, 8, at) : null;
  const descriptor = new Uint8Array([flags, blocks, ...content === null ? [] : bytesOf(content)]);
  const check = (await take(input, 1, at)).getUint8(0);
  if (check !== (hashes.h32Raw(descriptor) >>> 8 & 0xFF)) {
    throw invalid(at, "the checksum of its header is wrong");
  }
  return {
    blockBytes: 1 << (8 + 2 * size),
    linked: (flags & 0x20) === 0,
    blockChecksums: (flags & 0x10) !== 0,
    contentChecksum: (flags & 4) !== 0,
    contentBytes: content === null ? null : content.getBigUint64(0, true),
  };
}

/** Unpacks one block, which may refer to the bytes before it. All lengths and offsets are checked. */
function unpackBlock(
  block: Uint8Array,
  { history, most, at }: { readonly history: Uint8Array; readonly most: number; readonly at: string },
): Uint8Array<ArrayBuffer> {
  const start = history.length, limit = start + most;
  let out = new Uint8Array(Math.min(limit, start + 4 * block.length + 64));
  out.set(history);
  let read = 0, written = start;
  const length = (nibble: number): number => {
    let sum = nibble;
    for (let byte = nibble === 15 ? 255 : 0; byte === 255;) {
      if (read >= block.length) throw invalid(at, "a block ends within a length");
      sum += byte = block[read++];
    }
    return sum;
  };
  const grow = (count: number): void => {
    if (written + count > limit) throw invalid(at, `a block has more than ${most} bytes`);
    if (written + count <= out.length) return;
    const larger = new Uint8Array(Math.min(limit, Math.max(out.length * 2, written + count)));
    larger.set(out);
    out = larger;
  };
  while (read < block.length) {
    const token = block[read++], literals = length(token >> 4);
    if (read + literals > block.length) throw invalid(at, "a block ends within its literals");
    grow(literals);
    out.set(block.subarray(read, read + literals), written);
    read += literals;
    written += literals;
    if (read === block.length) break; // the last sequence has no match
    if (read + 2 > block.length) throw invalid(at, "a block ends within an offset");
    const offset = block[read] | block[read + 1] << 8;
    read += 2;
    if (offset === 0 || offset > written) throw invalid(at, "an offset is outside the data");
    const match = length(token & 15) + 4;
    grow(match);
    const end = written + match;
    for (; written < end; written++) out[written] = out[written - offset];
  }
  return out.slice(start, written);
}

/** Returns the last bytes of both, as many as a block may refer to. */
function lastBytes(before: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length >= HISTORY) return new Uint8Array(bytes.subarray(bytes.length - HISTORY));
  const kept = before.subarray(Math.max(0, before.length + bytes.length - HISTORY));
  const out = new Uint8Array(kept.length + bytes.length);
  out.set(kept);
  out.set(bytes, kept.length);
  return out;
}

async function take(input: ByteQueue, count: number, at: string): Promise<DataView<ArrayBuffer>> {
  if (!await input.fill(count)) throw endsEarly(at);
  const bytes = input.peek(count).slice();
  input.drop(count);
  return new DataView(bytes.buffer);
}

function bytesOf({ buffer }: DataView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer);
}

function invalid(at: string, why: string): Error {
  return invalidData(at, { format: "lz4", why });
}
