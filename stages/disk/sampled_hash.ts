/**
 * A hash that tells whether a file is still the same without reading all of a large one: of the whole file if
 * it is short, otherwise of blocks at equal distances, the first and the last included.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readFullSync } from "./exact_io.ts";

/** Bytes of a block: 64 KiB. */
export const HASH_BLOCK = 1 << 16;

/** Offsets and lengths of the parts of `bytes` bytes that are hashed if at most `blocks` blocks are read. */
export function sampledParts(
  bytes: number,
  blocks: number,
): readonly (readonly [start: number, length: number])[] {
  const count = Math.min(blocks, Math.ceil(bytes / HASH_BLOCK)), last = Math.max(0, bytes - HASH_BLOCK);
  return Array.from({ length: count }, (_, i) => {
    if (bytes <= blocks * HASH_BLOCK) {
      return [i * HASH_BLOCK, Math.min(HASH_BLOCK, bytes - i * HASH_BLOCK)] as const;
    }
    return [count === 1 ? 0 : Math.round(i * last / (count - 1)), HASH_BLOCK] as const;
  });
}

/**
 * The hash of `bytes` bytes of a file from offset `start` on: 32 hexadecimal digits of SHA-256. Moves the
 * file's position. Throws Deno.errors.InvalidData, which names `path`, if the file is shorter.
 */
export function sampledHash(
  file: Deno.FsFile,
  { path, start = 0, bytes, blocks }: {
    readonly path: string;
    readonly start?: number;
    readonly bytes: number;
    readonly blocks: number;
  },
): string {
  const hash = createHash("sha256").update(`${bytes} `), buffer = new Uint8Array(HASH_BLOCK);
  for (const [at, length] of sampledParts(bytes, blocks)) {
    const part = buffer.subarray(0, length);
    file.seekSync(start + at, Deno.SeekMode.Start);
    readFullSync(file, part, { path });
    hash.update(part);
  }
  return hash.digest("hex").slice(0, 32);
}
