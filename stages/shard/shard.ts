/**
 * Writes tokens to shards, and yields the extents (ranges of tokens) that are on disk.
 *
 * @module
 */
import { type Stage, stage } from "../flow/stage.ts";
import { tokenWidth } from "../format/tokens/llmc_shard.ts";
import type { Tokens, TokenShard } from "../items.ts";
import { type SavedShardState, type ShardOptions, ShardWriter } from "./shard_writer.ts";

export type { SavedShardState, ShardHashes, ShardOptions } from "./shard_writer.ts";

const START: SavedShardState = {
  validation: { tokens: 0, bytes: 0, documents: 0, sealed: false },
  training: { tokens: 0, bytes: 0, documents: 0 },
  shard: 0,
  written: 0,
  passed: 0,
  ended: false,
};

/**
 * Writes the tokens of documents to shards, and yields the extents of training tokens that are on disk.
 *
 * The documents that `holdOut` has marked are held out for validation; with `validationTokens`, the first
 * documents are. They go to val_000000.bin, which is sealed before the first training document, or once it
 * has `validationTokens` tokens. All later documents go to train_000000.bin and so on. A shard that is still
 * growing is called `….bin.partial`; `path` is always the final name, and readers try both names. The files
 * are synced whenever the state is saved. Resuming truncates them to the saved lengths, so that the replay
 * writes the same bytes again. Beside the shards, shards.json has the numbers of their tokens, bytes and
 * documents, and an index for each training shard lists where each document begins.
 *
 * Throws RangeError for an id outside the vocabulary, and if no document is left to train on.
 *
 * @example
 * ```ts
 * import { byteTokenizer, encode, from, shard } from "@stagewise/gpt";
 *
 * const dir = await Deno.makeTempDir();
 * const documents = ["one", "two", "three"].map((text, i) => ({ id: `${i}`, text }));
 * const extents = from(documents)
 *   .pipe(encode(byteTokenizer()))
 *   .pipe(shard({ dir, vocabSize: 257, validationTokens: 4 })); // the first document is held out
 * console.log((await Array.fromAsync(extents.stream())).map(({ count }) => count)); // [ 10 ]
 * ```
 */
export function shard(options: ShardOptions): Stage<Tokens, TokenShard> {
  check(options);
  return stage<Tokens, TokenShard, ShardWriter>({
    name: "shard",
    open: (_ctx, saved?: unknown) => ShardWriter.open(options, isSaved(saved) ? saved : START),
    push: (tokens, writer) => writer.add(tokens),
    flush: (writer) => writer.end(),
    save: (writer) => writer.save(),
    close: (writer) => writer.close(),
  });
}

function check(options: ShardOptions): void {
  const { validationTokens = 0, vocabSize, shardTokens = 1, extentTokens = 1 } = options;
  for (
    const [name, value, least] of [
      ["validationTokens", validationTokens, 0],
      ["vocabSize", vocabSize, 1],
      ["shardTokens", shardTokens, 1],
      ["extentTokens", extentTokens, 1],
    ] as const
  ) {
    if (!Number.isSafeInteger(value) || value < least || value > 0x7FFFFFFF) {
      throw new RangeError(
        `Cannot write shards: ${name} is ${value}: expected a whole number of at least ${least}`,
      );
    }
  }
  if (options.format === "nanogpt" && tokenWidth(vocabSize) !== 2) {
    throw new RangeError(
      `Cannot write nanoGPT's files for a vocabulary of ${vocabSize}: its ids have 16 bits: use llm.c's format`,
    );
  }
}

function isSaved(saved: unknown): saved is SavedShardState {
  return typeof saved === "object" && saved !== null && "validation" in saved && "training" in saved;
}
