/**
 * Random access to a file on disk or behind a URL, for formats whose directory is at the end of the file.
 *
 * @module
 */
import { openFile } from "../../disk/files.ts";
import { findRemote, isRemote, readRemote } from "../web/remote.ts";

/** An open file that is read by byte ranges. */
export interface RangeReader extends Disposable {
  /** The file's size in bytes. */
  readonly byteLength: number;
  /**
   * Reads bytes `start` to `end` (exclusive; default the file's end). Throws Deno.errors.UnexpectedEof if the
   * file ends before that.
   */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}

/**
 * Opens a path or URL. Throws Deno.errors.NotFound for a missing file, Deno.errors.NotSupported for a server
 * that does not report the file's size, and the errors of `findRemote`.
 */
export async function openRangeReader(path: string, signal?: AbortSignal): Promise<RangeReader> {
  return isRemote(path) ? await ofUrl(path, signal) : await ofFile(path);
}

/** Opens a file. Ranges are read one after another because they share the file's position. */
async function ofFile(path: string): Promise<RangeReader> {
  const handle = await openFile(path);
  const { size: byteLength } = await handle.stat();
  let last: Promise<unknown> = Promise.resolve();
  const slice = async (start: number, end: number): Promise<ArrayBuffer> => {
    await handle.seek(start, Deno.SeekMode.Start);
    const bytes = new Uint8Array(end - start);
    for (let at = 0; at < bytes.length;) {
      const size = await handle.read(bytes.subarray(at));
      if (size === null) {
        throw new Deno.errors.UnexpectedEof(`the file ends at byte ${start + at}, expected ${end} bytes`);
      }
      at += size;
    }
    return bytes.buffer;
  };
  return {
    byteLength,
    slice(start, end = byteLength) {
      const next = last.then(() => slice(start, Math.min(end, byteLength)));
      last = next.catch(() => {});
      return next;
    },
    [Symbol.dispose]: () => handle.close(),
  };
}

async function ofUrl(url: string, signal: AbortSignal | undefined): Promise<RangeReader> {
  const options = signal === undefined ? {} : { signal };
  const file = await findRemote(url, options);
  const { size: byteLength } = file;
  if (byteLength === null) {
    throw new Deno.errors.NotSupported(
      `Cannot read ranges of ${url}: its server does not report the file's size: download the file and give its path`,
    );
  }
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const parts = await Array.fromAsync(
        readRemote(file, { ...options, start, end: Math.min(end, byteLength) }),
      );
      return await new Blob(parts).arrayBuffer();
    },
    [Symbol.dispose]() {},
  };
}
