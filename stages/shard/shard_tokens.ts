/**
 * The tokens of shards, read in pieces.
 *
 * @module
 */
import { openTokens, type TokenFormat } from "../format/tokens/token_formats.ts";
import type { TokenShard } from "../items.ts";

const PIECE = 1 << 16; // tokens

/**
 * Yields the tokens of ranges of shard files, in pieces of at most 65,536. Throws Deno.errors.NotFound for a
 * file that no longer exists.
 */
export function* shardTokens(
  shards: readonly TokenShard[],
  { format = "llmc" }: { readonly format?: TokenFormat } = {},
): Generator<Uint32Array> {
  for (const { path, start, count } of shards) {
    const file = openTokens({ path, format });
    try {
      for (let at = start; at < start + count; at += PIECE) {
        yield file.read(at, Math.min(PIECE, start + count - at));
      }
    } finally {
      file.close();
    }
  }
}
