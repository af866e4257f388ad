/**
 * A file of token ids on disk, whatever its format.
 *
 * @module
 */
import { openFileSync } from "../../disk/files.ts";

/** Tokens in a file, read by position. */
export interface TokenFile {
  /** The file that is open: the final name, or the `.partial` one of a file that still grows. */
  readonly path: string;
  /** Tokens in it. */
  readonly count: number;
  /**
   * Tokens start … start + count - 1. Throws Deno.errors.UnexpectedEof, naming file and byte, if there are
   * fewer.
   */
  read(start: number, count: number): Uint32Array;
  /** Closes the file. */
  close(): void;
}

/** Where tokens lie in a file: little-endian, without gaps. */
export interface TokenLayout {
  /** Its name, for messages. */
  readonly path: string;
  /** Byte of the first token. */
  readonly offset: number;
  /** Bytes a token. */
  readonly width: 2 | 4;
  /** Tokens in it. */
  readonly count: number;
}

/** Appended to a file's name while it grows. */
export const PARTIAL = ".partial";

/**
 * Opens `path`, or while it still grows `path.partial`. Throws Deno.errors.NotFound where neither is there.
 */
export function openFinalOrPartial(path: string): { readonly file: Deno.FsFile; readonly actual: string } {
  for (const actual of [path, path + PARTIAL, path]) { // thrice: it may be sealed in between
    try {
      return { file: openFileSync(actual), actual };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Deno.errors.NotFound(`Cannot open the shard ${path}: no such file, nor ${path}${PARTIAL}`);
}

/** Reads tokens from an open file. */
export function tokenFile(file: Deno.FsFile, { path, offset, width, count }: TokenLayout): TokenFile {
  return {
    path,
    count,
    read(start, length) {
      if (start < 0 || start + length > count) {
        throw new Deno.errors.UnexpectedEof(
          `Cannot read tokens ${start} to ${start + length - 1} of ${path}: it has ${count}`,
        );
      }
      const bytes = new Uint8Array(length * width);
      file.seekSync(offset + start * width, Deno.SeekMode.Start);
      readFully(file, bytes, { path, at: offset + start * width });
      return tokensOf(bytes, width);
    },
    close: () => file.close(),
  };
}

/**
 * Fills `into` from where the file stands. Throws Deno.errors.UnexpectedEof with file and byte if it ends
 * before.
 */
export function readFully(
  file: Deno.FsFile,
  into: Uint8Array,
  { path, at }: { readonly path: string; readonly at: number },
): void {
  for (let done = 0; done < into.length;) {
    const read = file.readSync(into.subarray(done));
    if (read === null) {
      throw new Deno.errors.UnexpectedEof(
        `Cannot read ${path}: it ends at byte ${at + done}, wanted ${at + into.length}: it was cut short`,
      );
    }
    done += read;
  }
}

/** Token ids as the bytes of a file. The ids must fit. */
export function bytesOfTokens(ids: Uint32Array, width: 2 | 4): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ids.length * width);
  for (let i = 0, at = 0; i < ids.length; i++, at += width) {
    bytes[at] = ids[i];
    bytes[at + 1] = ids[i] >>> 8;
    if (width === 4) {
      bytes[at + 2] = ids[i] >>> 16;
      bytes[at + 3] = ids[i] >>> 24;
    }
  }
  return bytes;
}

function tokensOf(bytes: Uint8Array, width: 2 | 4): Uint32Array {
  const ids = new Uint32Array(bytes.length / width);
  for (let i = 0, at = 0; i < ids.length; i++, at += width) {
    const low = bytes[at] | bytes[at + 1] << 8;
    ids[i] = width === 2 ? low : (low | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0;
  }
  return ids;
}
