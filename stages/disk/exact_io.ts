/**
 * Whole reads and writes: the system may read or write less than it is asked to.
 *
 * @module
 */

const chunkBytes = 8 * 1024 * 1024; // what a file takes at once is bounded on some systems

/** Fills `into` from where the file stands. Throws Deno.errors.InvalidData where the file ends before. */
export async function readFull(file: Deno.FsFile, into: Uint8Array, what: string): Promise<void> {
  for (let at = 0; at < into.length;) {
    const n = await file.read(into.subarray(at));
    if (n === null) {
      throw new Deno.errors.InvalidData(
        `Cannot read ${what}: the file ends ${into.length - at} bytes early`,
      );
    }
    at += n;
  }
}

/** Writes all bytes where the file stands. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    // Files take no views of shared memory: such a chunk is copied.
    at += await file.write(chunk.buffer instanceof SharedArrayBuffer ? chunk.slice() : chunk);
  }
}
