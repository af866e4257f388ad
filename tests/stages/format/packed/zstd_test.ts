/**
 * Tests the unpacking of Zstandard frames: chunks of any size, offsets of frames, damaged files, and
 * decompression bombs.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { constants, zstdCompressSync } from "node:zlib";
import { unzstdFrames } from "../../../../stages/format/packed/zstd.ts";
import { cut, joined } from "../../bytes.ts";

const encoder = new TextEncoder();
const texts = [
  "hello ".repeat(1000),
  "x",
  "",
  Array.from({ length: 9000 }, (_, i) => i * 7919 % 10007).join(" "),
];
// Deno's zstdCompressSync() writes an empty frame after each frame.
const frames = texts.map((text) => compressed(encoder.encode(text)));
const starts = frames.map((_, i) => frames.slice(0, i).reduce((sum, { length }) => sum + length, 0));
const packed = joined(frames);

function compressed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }));
}

/**
 * Returns texts, keyed by the offset of their frame. An empty frame has no text, because it yields no chunk.
 */
async function read(bytes: Uint8Array<ArrayBuffer>, size = 1 << 16): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  const decoder = new TextDecoder();
  for await (const { bytes: part, member, first } of unzstdFrames(cut(bytes, size), { name: "a.zst" })) {
    strictEqual(first, !found.has(member));
    found.set(member, (found.get(member) ?? "") + decoder.decode(part));
  }
  return found;
}

Deno.test("unzstdFrames() gives the same texts and offsets for chunks of any size", async () => {
  const wanted = new Map(
    texts.map((text, i) => [starts[i], text] as const).filter(([, text]) => text !== ""),
  );
  for (const size of [1, 7, 1000, 1 << 20]) {
    deepStrictEqual(await read(packed, size), wanted, `chunks of ${size}`);
  }
});

Deno.test("unzstdFrames() ignores skippable frames", async () => {
  const note = joined([Uint8Array.of(0x5a, 0x2a, 0x4d, 0x18, 5, 0, 0, 0), encoder.encode("abcde")]);
  deepStrictEqual([...await read(joined([note, frames[0], note]), 3)], [[note.length, texts[0]]]);
  await rejects(read(joined([frames[0], note.slice(0, 9)])), Deno.errors.UnexpectedEof);
});

Deno.test("unzstdFrames() names the offset of a frame that is damaged or truncated", async () => {
  const where = `zstd frame at byte ${starts[3]}`;
  for (const cutAt of [starts[3] + 1, starts[3] + 6, packed.length - 200]) {
    await rejects(read(packed.slice(0, cutAt)), (error) => {
      return error instanceof Deno.errors.UnexpectedEof && error.message.includes(where);
    }, `cut at ${cutAt}`);
  }
  for (const at of [starts[3], starts[3] + 4, packed.length - 300, packed.length - 15]) {
    const damaged = packed.slice();
    damaged[at] ^= 255;
    await rejects(read(damaged), (error) => {
      return error instanceof Deno.errors.InvalidData && error.message.includes(where);
    }, `byte ${at}`);
  }
  await rejects(read(new Uint8Array(0)), Deno.errors.UnexpectedEof);
});

Deno.test("unzstdFrames() refuses a window beyond 128 MiB before it is allocated", async () => {
  // A window of 2^30 bytes and an empty block.
  const bomb = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0xa0, 1, 0, 0);
  await rejects(read(bomb), (error) => error instanceof Error && error.message.includes("1073741824 bytes"));
});

Deno.test("unzstdFrames() unpacks a bomb 128 KiB at a time and reads only the packed bytes that it needs", async () => {
  const bomb = compressed(new Uint8Array(1 << 26));
  let read = 0, unpacked = 0;
  const input = async function* () {
    for await (const chunk of cut(bomb, 64)) {
      read += chunk.length;
      yield chunk;
    }
  };
  for await (const { bytes } of unzstdFrames(input(), { name: "bomb" })) {
    ok(bytes.length <= 1 << 17);
    unpacked += bytes.length;
    ok(read <= 128 + 64 + 20 * (unpacked / (1 << 17)), `${read} bytes read for ${unpacked}`);
  }
  strictEqual(unpacked, 1 << 26);
});
