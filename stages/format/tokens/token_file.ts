/**
 * Reads token ids by position from a file; the formats differ only in their headers.
 *
 * @module
 */
import { readFullSync } from "../../disk/exact_io.ts";
import { openFileSync } from "../../disk/files.ts";

/** An open file of token ids. */
export interface TokenFile {
  /** Path of the open file: the final path, or `….partial` while the file is still being written. */
  readonly path: string;
  /** Number of tokens. */
  readonly count: number;
  /**
   * Reads tokens `start` to `start + count` (exclusive). Throws Deno.errors.UnexpectedEof if they extend
   * beyond the last token.
   */
  read(start: number, count: number): Uint32Array;
  /** Closes the file. */
  close(): void;
}

/** Layout of a file's tokens, which are little-endian and without gaps. */
export interface TokenLayout {
  /** Path of the file, for error messages. */
  readonly path: string;
  /** Byte offset of the first token. */
  readonly offset: number;
  /** Bytes per token. */
  readonly width: 2 | 4;
  /** Number of tokens. */
  readonly count: number;
}

/** A file whose layout is to be found: on this machine, or in an object store. */
export interface TokenBytes {
  /** Path or address, for error messages. */
  readonly path: string;
  /** Path beside which the files that describe it lie, such as Megatron's index. */
  readonly beside: string;
  /** Size in bytes. */
  readonly size: number;
  /** Returns `length` bytes from byte `start` on, both within the first `headBytes` of the format. */
  bytes(start: number, length: number): Uint8Array<ArrayBuffer>;
}

/** Suffix of a file's name while the file is still being written. */
export const PARTIAL = ".partial";

/**
 * Opens `path`, or `path.partial` while the file is still being written. Throws Deno.errors.NotFound if
 * neither exists.
 */
export function openFinalOrPartial(path: string): { readonly file: Deno.FsFile; readonly actual: string } {
  for (const actual of [path, path + PARTIAL, path]) { // `path` twice: meanwhile the file may be renamed
    try {
      return { file: openFileSync(actual), actual };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Deno.errors.NotFound(
    `Cannot open the shard ${path}: neither it nor ${path}${PARTIAL} exists: check the path`,
  );
}

/**
 * Returns the tokens of an open file, whose layout `layoutOf` finds. Closes the file if that throws.
 */
export function tokenFile(
  file: Deno.FsFile,
  { path, layoutOf }: { readonly path: string; layoutOf(file: TokenBytes): TokenLayout },
): TokenFile {
  const { offset, width, count } = layoutOrClose(file, { path, layoutOf });
  return {
    path,
    count,
    read(start, length) {
      checkRange({ path, count }, { start, length });
      const bytes = new Uint8Array(length * width);
      file.seekSync(offset + start * width, Deno.SeekMode.Start);
      readFullSync(file, bytes, { path, hint: "it has been truncated" });
      return tokensOf(bytes, width);
    },
    close: () => file.close(),
  };
}

function layoutOrClose(
  file: Deno.FsFile,
  { path, layoutOf }: { readonly path: string; layoutOf(file: TokenBytes): TokenLayout },
): TokenLayout {
  try {
    return layoutOf({
      path,
      beside: path,
      size: file.statSync().size,
      bytes(start, length) {
        const bytes = new Uint8Array(length);
        file.seekSync(start, Deno.SeekMode.Start);
        readFullSync(file, bytes, { path });
        return bytes;
      },
    });
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Throws Deno.errors.UnexpectedEof unless a file has tokens `start` to `start + length` (exclusive). */
export function checkRange(
  { path, count }: Pick<TokenLayout, "path" | "count">,
  { start, length }: { readonly start: number; readonly length: number },
): void {
  if (start >= 0 && start + length <= count) return;
  throw new Deno.errors.UnexpectedEof(
    `Cannot read tokens ${start} to ${start + length - 1} of ${path}: it has ${count}`,
  );
}

/** Returns the token ids as bytes of a file; every id must fit into `width` bytes. */
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

/** Returns the token ids in bytes of a file. */
export function tokensOf(bytes: Uint8Array, width: 2 | 4): Uint32Array {
  const ids = new Uint32Array(bytes.length / width);
  for (let i = 0, at = 0; i < ids.length; i++, at += width) {
    const low = bytes[at] | bytes[at + 1] << 8;
    ids[i] = width === 2 ? low : (low | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0;
  }
  return ids;
}
