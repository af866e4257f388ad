/**
 * Readers of ranges of tokens by the paths of their files.
 *
 * @module
 */
import { openTokens, type TokenFormat } from "./token_formats.ts";

/** Consecutive tokens of a file. */
export interface TokenRange {
  /** Path or address of the file. */
  readonly path: string;
  /** Default: llmc. */
  readonly format?: TokenFormat;
  /** Index of the first token. */
  readonly start: number;
  /** Number of tokens. */
  readonly count: number;
}

/** How a range is read. */
export interface TokenReadOptions {
  /** Range that will probably be read next; it may extend beyond the end of its file. */
  readonly next?: TokenRange | null;
  /** Ends the requests. */
  readonly signal?: AbortSignal;
}

/** Reads tokens of files that it knows. */
export interface TokenReader {
  /** Throws the errors of `openTokens`, and Deno.errors.UnexpectedEof beyond the last token of the file. */
  read(range: TokenRange, options?: TokenReadOptions): Uint32Array | Promise<Uint32Array>;
  /** Ends requests that nobody waits for. Later reads begin anew. */
  close?(): void;
}

/** Reads files of this machine. */
export const localTokens: TokenReader = {
  read({ path, format = "llmc", start, count }) {
    const file = openTokens({ path, format });
    try {
      return file.read(start, count);
    } finally {
      file.close();
    }
  },
};
