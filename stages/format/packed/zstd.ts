/**
 * Unpacks Zstandard data frame by frame. Each chunk comes with the offset of its frame, from which reading
 * can resume. node:zlib unpacks the blocks and verifies checksums; this module parses the frames, because
 * node:zlib stops after the first frame and accepts a truncated file. Source: RFC 8878.
 *
 * @module
 */
import { constants, createZstdDecompress } from "node:zlib";
import { ByteQueue } from "./byte_queue.ts";
import { endsEarly, invalidData } from "./damage.ts";
import type { MemberChunk, MemberOptions } from "./gzip.ts";
import { Unpacker } from "./unpacker.ts";
import {
  DICTIONARY_MAGIC,
  dictionaryOf,
  MAX_DICTIONARY_BYTES,
  unpackWithDictionary,
} from "./zstd_dictionary.ts";

const MAGIC = 0xFD2FB528;
const SKIPPABLE_MAGIC = 0x184D2A50; // the first of 16 magic numbers
const MAX_BLOCK_BYTES = 1 << 17; // limit for a packed or unpacked block; only one block is in memory
const MAX_FRAME_BYTES = 1 << 26; // limit for a packed frame with a dictionary, which is held as a whole
const MAX_WINDOW_LOG = 27; // 128 MiB, the limit of `zstd -d` without options

/**
 * Unpacks chunks that begin at packed byte `start`, the start of a frame. Throws Deno.errors.InvalidData if
 * the data or a checksum is wrong or a window is larger than 128 MiB, and UnexpectedEof if the data is empty
 * or ends early; both name the frame's offset.
 */
export async function* unzstdFrames(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { name, start = 0, maxMembers = Infinity, dictionary: readDictionary }: ZstdOptions,
): AsyncGenerator<MemberChunk> {
  const input = new ByteQueue(packed, start);
  let dictionary = start > 0 ? await readDictionary?.() ?? null : null;
  for (let frames = 0; frames < maxMembers && (frames === 0 || await input.fill(1)); frames++) {
    const member = input.offset;
    const at = `${name} (zstd frame at byte ${member})`;
    const magic = new DataView((await peek(input, 4, at)).buffer).getUint32(0, true);
    if ((magic & 0xFFFFFFF0) === SKIPPABLE_MAGIC) {
      const size = new DataView((await peek(input, 8, at)).buffer).getUint32(4, true);
      const isDictionary = magic === DICTIONARY_MAGIC && member === 0 && size <= MAX_DICTIONARY_BYTES;
      if (isDictionary) dictionary = contentOf((await peek(input, 8 + size, at)).slice(8), at);
      await skip(input, 8 + size, at);
    } else if (magic === MAGIC && (dictionary !== null || await needsDictionary(input, at))) {
      if (dictionary === null) throw invalid(at, "it needs a dictionary, which the file does not begin with");
      yield { bytes: await unpackWhole(input, { dictionary, at }), member, first: true };
    } else if (magic === MAGIC) {
      let first = true;
      for await (const bytes of unpackFrame(input, at)) {
        yield { bytes, member, first };
        first = false;
      }
    } else throw invalid(at, "it does not begin with zstd's magic number");
  }
}

/** Options of `unzstdFrames`. */
export interface ZstdOptions extends MemberOptions {
  /** Returns the dictionary at the start of the file, or null; called where reading begins after it. */
  readonly dictionary?: () => Promise<Uint8Array<ArrayBuffer> | null>;
}

/** Returns the dictionary at the start of a file's packed chunks, or null if there is none. */
export async function findDictionary(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  name: string,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const input = new ByteQueue(packed, 0), at = `${name} (zstd frame at byte 0)`;
  if (!await input.fill(8)) return null;
  const head = new DataView(input.peek(8).slice().buffer);
  const size = head.getUint32(4, true);
  if (head.getUint32(0, true) !== DICTIONARY_MAGIC || size > MAX_DICTIONARY_BYTES) return null;
  return contentOf((await peek(input, 8 + size, at)).slice(8), at);
}

function contentOf(content: Uint8Array<ArrayBuffer>, at: string): Uint8Array<ArrayBuffer> {
  try {
    return dictionaryOf(content);
  } catch (cause) {
    throw invalid(at, "its dictionary cannot be unpacked", cause);
  }
}

async function needsDictionary(input: ByteQueue, at: string): Promise<boolean> {
  const head = await peek(input, 5, at);
  const size = [0, 1, 2, 4][head[4] & 3], from = 5 + ((head[4] & 32) !== 0 ? 0 : 1);
  return (await peek(input, from + size, at)).subarray(from).some((byte) => byte !== 0);
}

/** Unpacks one frame as a whole; the bytes after it stay in the input. */
async function unpackWhole(
  input: ByteQueue,
  { dictionary, at }: { readonly dictionary: Uint8Array<ArrayBuffer>; readonly at: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const { size: headerSize, hasChecksum, length } = await readHeader(input, at);
  let size = headerSize;
  for (let last = false; !last;) {
    if (!await input.fill(size + 3)) throw endsEarly(at);
    // Without a copy of the frame for each block: there may be many.
    const [low, middle, high] = input.peek(size + 3).subarray(size);
    const block = (low | middle << 8 | high << 16) >> 3;
    last = (low & 1) === 1;
    size += 3 + ((low >> 1 & 3) === 1 ? 1 : block);
    if (size > MAX_FRAME_BYTES) throw invalid(at, `it has more than ${MAX_FRAME_BYTES} bytes`);
  }
  if (hasChecksum) size += 4;
  const frame = await peek(input, size, at);
  input.drop(size);
  try {
    return await unpackWithDictionary(frame, { dictionary, length });
  } catch (cause) {
    throw invalid(at, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** Unpacks one frame; the bytes after it stay in the input. */
async function* unpackFrame(input: ByteQueue, at: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { size: headerSize, hasChecksum } = await readHeader(input, at);
  const unpacker = new Unpacker(createZstdDecompress({
    chunkSize: MAX_BLOCK_BYTES,
    params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
  }));
  const push = async (size: number): Promise<void> => {
    const bytes = await peek(input, size, at);
    await unpacker.push(bytes).catch((cause) => {
      throw invalid(at, cause instanceof Error ? cause.message : String(cause), cause);
    });
    input.drop(size);
  };
  try {
    await push(headerSize);
    for (let last = false; !last;) {
      const [low, middle, high] = await peek(input, 3, at);
      const size = (low | middle << 8 | high << 16) >> 3;
      last = (low & 1) === 1;
      if (size > MAX_BLOCK_BYTES) {
        throw invalid(at, `a block has ${size} bytes, expected at most ${MAX_BLOCK_BYTES}`);
      }
      await push(3 + ((low >> 1 & 3) === 1 ? 1 : size)); // an RLE block stores its byte once
      yield* unpacker.take();
    }
    if (hasChecksum) await push(4);
    yield* unpacker.take();
  } finally {
    unpacker.close();
  }
}

/**
 * Returns the size of a frame's header in bytes, whether a checksum ends the frame, and the unpacked length
 * that it states, or null. Checks the size of the window.
 */
async function readHeader(
  input: ByteQueue,
  at: string,
): Promise<{ readonly size: number; readonly hasChecksum: boolean; readonly length: number | null }> {
  const descriptor = (await peek(input, 5, at))[4];
  const single = (descriptor & 32) !== 0;
  const content = [single ? 1 : 0, 2, 4, 8][descriptor >> 6];
  const dictionary = [0, 1, 2, 4][descriptor & 3];
  const size = 5 + (single ? 0 : 1) + dictionary + content;
  const bytes = await peek(input, size, at);
  let stated = 0;
  for (let i = 0; i < content; i++) stated += bytes[size - content + i] * 2 ** (8 * i);
  const length = content === 0 ? null : stated + (content === 2 ? 256 : 0);
  let window = 0;
  if (single) { // a single-segment frame: the window is the whole content
    for (let i = 0; i < content; i++) window += bytes[5 + dictionary + i] * 2 ** (8 * i);
  } else {
    const base = 2 ** (10 + (bytes[5] >> 3));
    window = base + base / 8 * (bytes[5] & 7);
  }
  if (window > 2 ** MAX_WINDOW_LOG) {
    throw invalid(at, `its window is ${window} bytes, expected at most ${2 ** MAX_WINDOW_LOG}`);
  }
  return { size, hasChecksum: (descriptor & 4) !== 0, length };
}

/** Returns the next `count` bytes without removing them from the input. */
async function peek(input: ByteQueue, count: number, at: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!await input.fill(count)) throw endsEarly(at);
  return input.peek(count).slice();
}

async function skip(input: ByteQueue, count: number, at: string): Promise<void> {
  for (let left = count; left > 0;) {
    await peek(input, 1, at);
    const held = input.peek(left).length;
    input.drop(held);
    left -= held;
  }
}

function invalid(at: string, why: string, cause?: unknown): Error {
  return invalidData(at, { format: "zstd", why, cause });
}
