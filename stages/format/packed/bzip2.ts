/**
 * Unpacks bzip2 stream by stream. A stream consists of blocks that begin at any bit; each is given to libbz2
 * (as WASM, npm @foxglove/wasm-bz2) as a stream of its own, so memory is bounded by one block: at most
 * 900,000 bytes, in which runs are shortened, so up to 47 MB of text.
 *
 * Source: bzip2 1.0.8, bzip2recover.c.
 *
 * @module
 */
import process from "node:process";
import { importPackage } from "../../disk/packages.ts";
import { ByteQueue } from "./byte_queue.ts";
import { endsEarly, invalidData } from "./damage.ts";
import type { MemberChunk, MemberOptions } from "./gzip.ts";

const BLOCK = [0x314159, 0x265359], END = [0x177245, 0x385090]; // 24 bits each
const UNPACKED = 52; // most bytes of text for one of a block: four equal bytes and a count stand for 259
const READ_BYTES = 1 << 16;

/**
 * Unpacks chunks that begin at packed byte `start`, the start of a stream. Bytes of value 0 after the last
 * stream are ignored. Throws Deno.errors.InvalidData if the data or a checksum is wrong, and UnexpectedEof if
 * the data ends early; both name the stream's offset.
 */
export async function* bunzip2Streams(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { name, start = 0, maxMembers = Infinity }: MemberOptions,
): AsyncGenerator<MemberChunk> {
  const input = new ByteQueue(packed, start);
  const library = await (opened ??= openLibrary());
  for (let streams = 0; streams < maxMembers && await input.fill(1); streams++) {
    if (streams > 0 && await input.skipZeros()) return;
    const member = input.offset, at = `${name} (bzip2 stream at byte ${member})`;
    let first = true, sum = 0;
    const bits = new BitInput(input, at);
    const level = await readLevel(bits, at), size = level * 100_000;
    for (let kind = await readMagic(bits, at); kind === "block"; kind = await readMagic(bits, at)) {
      const crc = await bits.read(32);
      sum = (sum << 1 | sum >>> 31) ^ crc;
      const block = await blockBits(bits, { most: 1.25 * size + 30_000, at });
      const bytes = unpackBlock(library, streamOf(block, { level, crc }), { size, at });
      if (bytes.length > 0) yield { bytes, member, first };
      first = false;
    }
    if ((await bits.read(32) | 0) !== (sum | 0)) throw invalid(at, "its checksum is wrong");
    bits.align();
  }
}

interface Library {
  /** Unpacks one stream; throws Error if it has more than `destSize` bytes or is invalid. */
  decompress(src: Uint8Array, destSize: number): Uint8Array;
}

let opened: Promise<Library> | null = null; // one instance serves all readers: a call keeps nothing

async function openLibrary(): Promise<Library> {
  const { default: Bzip2 } = await importPackage("@foxglove/wasm-bz2");
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => process.rawListeners(event));
  const library = await Bzip2.init();
  // The module's own handlers of errors in other code are removed: they would end the process.
  events.forEach((event, i) => {
    for (const listener of process.rawListeners(event)) {
      if (!before[i].includes(listener)) process.off(event, listener as () => void);
    }
  });
  return library;
}

/** Reads bits from a queue of bytes, the highest bit of a byte first. */
class BitInput {
  readonly #input: ByteQueue;
  readonly #at: string;
  #bit = 0; // number of bits of the first byte in the queue that were read

  constructor(input: ByteQueue, at: string) {
    this.#input = input;
    this.#at = at;
  }

  /** Reads up to 32 bits. */
  async read(count: number): Promise<number> {
    const bytes = await this.peek(count);
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + bitAt(bytes, this.#bit + i);
    this.drop(count);
    return value;
  }

  /** Returns bytes that hold the next `count` bits, after `offset` bits. */
  async peek(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = (this.#bit + count + 7) >> 3;
    if (!await this.#input.fill(bytes)) throw endsEarly(this.#at);
    return this.#input.peek(bytes);
  }

  /** Returns at most `count` of the next bytes, after reading as many as there are. */
  async some(count: number): Promise<Uint8Array<ArrayBuffer>> {
    await this.#input.fill(count);
    return this.#input.peek(count);
  }

  /** Number of bits of the first byte that were read. */
  get offset(): number {
    return this.#bit;
  }

  drop(count: number): void {
    const bits = this.#bit + count;
    this.#input.drop(bits >> 3);
    this.#bit = bits & 7;
  }

  /** Skips the rest of a byte that was read in part. */
  align(): void {
    if (this.#bit > 0) this.drop(8 - this.#bit);
  }
}

function bitAt(bytes: Uint8Array, bit: number): number {
  return bytes[bit >> 3] >> (7 - (bit & 7)) & 1;
}

async function readLevel(bits: BitInput, at: string): Promise<number> {
  const magic = await bits.read(24), level = await bits.read(8) - 0x30;
  if (magic !== 0x425A68) throw invalid(at, "it does not begin with bzip2's magic number");
  if (level < 1 || level > 9) throw invalid(at, `its level is ${level}, expected 1 to 9`);
  return level;
}

async function readMagic(bits: BitInput, at: string): Promise<"block" | "end"> {
  const high = await bits.read(24), low = await bits.read(24);
  if (high === BLOCK[0] && low === BLOCK[1]) return "block";
  if (high === END[0] && low === END[1]) return "end";
  throw invalid(at, "a block does not begin with its magic number");
}

/** The bits of a block after its checksum. */
interface BlockBits {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly count: number;
}

/** Reads the bits up to the magic number of the next block or of the end. */
async function blockBits(
  bits: BitInput,
  { most, at }: { readonly most: number; readonly at: string },
): Promise<BlockBits> {
  const { offset } = bits;
  let window = 0, earlier = 0; // the last 24 bits, and the 24 bits before them
  let bit = offset;
  for (let held = 0;;) {
    const bytes = await bits.some(held + READ_BYTES);
    if (bytes.length === held) throw endsEarly(at);
    held = bytes.length;
    for (; bit < held * 8; bit++) {
      const next = bitAt(bytes, bit);
      earlier = (earlier << 1 | window >> 23) & 0xFFFFFF;
      window = (window << 1 | next) & 0xFFFFFF;
      if (
        (earlier === BLOCK[0] && window === BLOCK[1] || earlier === END[0] && window === END[1]) &&
        bit - offset >= 47
      ) {
        const count = bit + 1 - 48 - offset;
        const block = { bytes: bytes.slice(0, (offset + count + 7) >> 3), offset, count };
        bits.drop(count);
        return block;
      }
    }
    if (held > most) throw invalid(at, `a block has more than ${Math.round(most)} bytes`);
  }
}

/** Returns a stream of one block. */
function streamOf(
  { bytes, offset, count }: BlockBits,
  { level, crc }: { readonly level: number; readonly crc: number },
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(4 + 10 + ((count + 7) >> 3) + 11);
  let bit = 0;
  const put = (value: number, width: number): void => {
    for (let i = width - 1; i >= 0; i--, bit++) {
      if (value >>> i & 1) out[bit >> 3] |= 0x80 >> (bit & 7);
    }
  };
  put(0x425A68, 24);
  put(0x30 + level, 8);
  put(BLOCK[0], 24);
  put(BLOCK[1], 24);
  put(crc, 32);
  const whole = count >> 3, first = bit >> 3;
  for (let i = 0; i < whole; i++) {
    const from = (offset >> 3) + i, shift = offset & 7;
    out[first + i] = shift === 0 ? bytes[from] : bytes[from] << shift | bytes[from + 1] >> (8 - shift);
  }
  bit += whole * 8;
  for (let i = whole * 8; i < count; i++) put(bitAt(bytes, offset + i), 1);
  put(END[0], 24);
  put(END[1], 24);
  put(crc, 32); // the checksum of a stream of one block is that of the block
  return out.subarray(0, (bit + 7) >> 3);
}

function unpackBlock(
  library: Library,
  stream: Uint8Array,
  { size, at }: { readonly size: number; readonly at: string },
): Uint8Array<ArrayBuffer> {
  for (const room of [size + 1024, size * UNPACKED]) { // most blocks have hardly any runs
    try {
      return new Uint8Array(library.decompress(stream, room));
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      if (/failed: -8\b/.test(message) && room < size * UNPACKED) continue; // BZ_OUTBUFF_FULL
      throw invalid(at, message, cause);
    }
  }
  throw invalid(at, "a block is too long");
}

function invalid(at: string, why: string, cause?: unknown): Error {
  return invalidData(at, { format: "bzip2", why, cause });
}
