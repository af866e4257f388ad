/**
 * Zstandard, frame by frame: where each begins is told, so that reading can go on there later. node:zlib unpacks and
 * checks the sums; the frames are walked here, since it stops after the first and takes a file cut short for whole.
 * Source: RFC 8878.
 *
 * @module
 */
import { constants, createZstdDecompress } from "node:zlib";
import { ByteQueue } from "./byte_queue.ts";
import type { MemberChunk, MemberOptions } from "./gzip.ts";
import { Unpacker } from "./unpacker.ts";

const MAGIC = 0xFD2FB528;
const SKIPPABLE = 0x184D2A50; // and the 15 after it
const LARGEST_BLOCK = 1 << 17; // also unpacked: blocks are fed one by one, so a bomb costs no more memory
const LARGEST_WINDOW_LOG = 27; // 128 MiB: what `zstd -d` takes without being told

/**
 * Unpacks chunks that begin at packed byte `start`, at a frame. Throws Deno.errors.InvalidData, with the frame's place,
 * where the packing or a check sum is broken or a window is larger than 128 MiB, UnexpectedEof where a file is empty or
 * ends early.
 */
export async function* unzstdFrames(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { name, start = 0, most = Infinity }: MemberOptions,
): AsyncGenerator<MemberChunk> {
  const input = new ByteQueue(packed, start);
  for (let frames = 0; frames < most && (frames === 0 || await input.fill(1)); frames++) {
    const member = input.offset;
    const at = `${name} (zstd frame at byte ${member})`;
    const magic = new DataView((await look(input, 4, at)).buffer).getUint32(0, true);
    if ((magic & 0xFFFFFFF0) === SKIPPABLE) {
      const size = new DataView((await look(input, 8, at)).buffer).getUint32(4, true);
      await pass(input, 8 + size, at);
    } else if (magic === MAGIC) {
      let first = true;
      for await (const bytes of unpackFrame(input, at)) {
        yield { bytes, member, first };
        first = false;
      }
    } else throw broken(at, "it does not begin as zstd");
  }
}

/** One frame; what follows it stays in the input. */
async function* unpackFrame(input: ByteQueue, at: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { size: headerSize, summed } = await headerOf(input, at);
  const unpacker = new Unpacker(createZstdDecompress({
    chunkSize: LARGEST_BLOCK,
    params: { [constants.ZSTD_d_windowLogMax]: LARGEST_WINDOW_LOG },
  }));
  const feed = async (size: number): Promise<void> => {
    const bytes = await look(input, size, at);
    await unpacker.push(bytes).catch((cause) => {
      throw broken(at, cause instanceof Error ? cause.message : String(cause), cause);
    });
    input.drop(size);
  };
  try {
    await feed(headerSize);
    for (let last = false; !last;) {
      const [low, middle, high] = await look(input, 3, at);
      const size = (low | middle << 8 | high << 16) >> 3;
      last = (low & 1) === 1;
      if (size > LARGEST_BLOCK) {
        throw broken(at, `a block says ${size} bytes, wanted at most ${LARGEST_BLOCK}`);
      }
      await feed(3 + ((low >> 1 & 3) === 1 ? 1 : size)); // of a run of one byte only that byte is there
      yield* unpacker.take();
    }
    if (summed) await feed(4);
    yield* unpacker.take();
  } finally {
    unpacker.close();
  }
}

/** Size of a frame's header in bytes, and whether a check sum ends the frame; its window is checked. */
async function headerOf(
  input: ByteQueue,
  at: string,
): Promise<{ readonly size: number; readonly summed: boolean }> {
  const descriptor = (await look(input, 5, at))[4];
  const single = (descriptor & 32) !== 0;
  const content = [single ? 1 : 0, 2, 4, 8][descriptor >> 6];
  const dictionary = [0, 1, 2, 4][descriptor & 3];
  const size = 5 + (single ? 0 : 1) + dictionary + content;
  const bytes = await look(input, size, at);
  let window = 0;
  if (single) { // all of the content
    for (let i = 0; i < content; i++) window += bytes[5 + dictionary + i] * 2 ** (8 * i);
  } else {
    const base = 2 ** (10 + (bytes[5] >> 3));
    window = base + base / 8 * (bytes[5] & 7);
  }
  if (window > 2 ** LARGEST_WINDOW_LOG) {
    throw broken(at, `its window is ${window} bytes, wanted at most ${2 ** LARGEST_WINDOW_LOG}`);
  }
  return { size, summed: (descriptor & 4) !== 0 };
}

/** The next bytes, which stay in the input. */
async function look(input: ByteQueue, count: number, at: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!await input.fill(count)) {
    throw new Deno.errors.UnexpectedEof(
      `Cannot unpack ${at}: it ends early, so it was cut short: fetch the file again`,
    );
  }
  return input.peek(count).slice();
}

async function pass(input: ByteQueue, count: number, at: string): Promise<void> {
  for (let left = count; left > 0;) {
    await look(input, 1, at);
    const held = input.peek(left).length;
    input.drop(held);
    left -= held;
  }
}

function broken(at: string, why: string, cause?: unknown): Error {
  return new Deno.errors.InvalidData(
    `Cannot unpack ${at}: not sound zstd data (${why}): fetch the file again, or name it for what it is`,
    { cause },
  );
}
