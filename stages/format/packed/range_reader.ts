/**
 * Any ranges of a file, here or behind a URL: what formats with a directory at their end are read by.
 *
 * @module
 */
import { openFile } from "./packed_file.ts";
import { findRemote, isRemote, readRemote } from "../web/remote.ts";

/** An open file. */
export interface RangeReader extends Disposable {
  /** The file's size. */
  readonly byteLength: number;
  /** Bytes from `start` to before `end` (default the file's end). Throws Deno.errors.UnexpectedEof beyond the end. */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}

/**
 * Opens a path or URL. Throws Deno.errors.NotFound for a missing file, what `findRemote` throws, and
 * Deno.errors.NotSupported for a server that does not say how large its file is.
 */
export async function openRangeReader(path: string, signal?: AbortSignal): Promise<RangeReader> {
  return isRemote(path) ? await ofUrl(path, signal) : await ofFile(path);
}

/** Ranges are read one after another: they share the file's position. */
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
        throw new Deno.errors.UnexpectedEof(`file ends at byte ${start + at}, ${end} wanted`);
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
      `Cannot read ranges of ${url}: its server does not say how large it is: download the file and pass its path`,
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
