/**
 * The tokens of shards, read in pieces.
 *
 * @module
 */
import { countTokens, type TokenFormat } from "../format/tokens/token_formats.ts";
import { localTokens, type TokenReader } from "../format/tokens/token_reader.ts";
import type { TokenShard } from "../items.ts";

const PIECE = 1 << 16; // tokens

/** How shards are read. */
export interface ShardTokensOptions {
  /** Default: llmc. */
  readonly format?: TokenFormat;
  /** Default: files of this machine. */
  readonly tokens?: TokenReader;
  readonly signal?: AbortSignal;
}

/** All tokens that the files have now. Throws the errors of `openTokens`. */
export function wholeFiles(paths: readonly string[], format: TokenFormat = "llmc"): TokenShard[] {
  return paths.map((path) => ({ path, start: 0, count: countTokens(path, format) }));
}

/**
 * Yields the tokens of ranges of shard files, in pieces of at most 65,536. Throws Deno.errors.NotFound for a
 * file that no longer exists.
 */
export async function* shardTokens(
  shards: readonly TokenShard[],
  { format = "llmc", tokens = localTokens, signal }: ShardTokensOptions = {},
): AsyncGenerator<Uint32Array> {
  for (const { path, start, count } of shards) {
    for (let at = start; at < start + count; at += PIECE) {
      const piece = { path, format, start: at, count: Math.min(PIECE, start + count - at) };
      const next = { ...piece, start: at + PIECE };
      yield await tokens.read(piece, { next, ...(signal !== undefined && { signal }) });
    }
  }
}
