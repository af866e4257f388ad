/**
 * Token shards to train on, their tokenizer, and the size of its vocabulary, which the shards themselves do
 * not store.
 *
 * @module
 */
import { dirname } from "node:path";
import { exists } from "../../stages/disk/whole_files.ts";
import { readTokenizer } from "../../stages/token/files/folder.ts";
import { StoredTokens } from "../../stages/format/tokens/stored_tokens.ts";
import type { TokenFormat } from "../../stages/format/tokens/token_formats.ts";
import type { TokenShard } from "../../stages/items.ts";
import { copyPath } from "../../stages/run/store/inputs/local_copy.ts";
import { isStore } from "../../stages/run/store/store_place.ts";
import { wholeFiles } from "../../stages/shard/shard_tokens.ts";
import { s3Files } from "../../stages/source/s3.ts";
import { shardFiles } from "../../stages/source/token_shards.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import type { StartingWeights } from "./starting_weights.ts";

/** Token shards to train on. */
export interface TrainingShards {
  /** Returns all files, whole, in the order of their names. Throws the errors of `openTokens`. */
  files(): readonly TokenShard[];
  /** Reads the files if they are in an object store. */
  readonly stored?: StoredTokens;
}

/**
 * Finds the shards that match a glob, on this machine or in an object store, of which it reads the headers.
 * Throws the errors of `shardFiles`, `s3Files` and `StoredTokens.open`.
 */
export async function trainingShards(glob: string, format: TokenFormat): Promise<TrainingShards> {
  if (!isStore(glob)) {
    const paths = shardFiles([glob]);
    return { files: () => wholeFiles(paths, format) };
  }
  const stored = await StoredTokens.open(await s3Files(glob, { choose: (all) => all }), { format, copyPath });
  return { files: () => stored.files.map(({ path, count }) => ({ path, start: 0, count })), stored };
}

/**
 * Returns the tokenizer in a folder `tokenizer` beside the shards or beside their folder. Returns null if
 * there is none.
 */
export async function shardsTokenizer(glob: string): Promise<Tokenizer | null> {
  const folder = dirname(isStore(glob) ? copyPath(glob) : glob);
  for (const dir of [`${folder}/tokenizer`, `${folder}/../tokenizer`]) {
    if (await exists(`${dir}/report.json`)) return await readTokenizer(dir);
  }
  return null;
}

/**
 * Returns the vocabulary size of shards: --vocab-size if given, otherwise that of their tokenizer, otherwise
 * that of the starting weights. Throws RangeError if none of these is known.
 */
export function shardsVocabulary(
  o: { readonly vocabSize: number | null },
  { tokenizer, start }: { readonly tokenizer: Tokenizer | null; readonly start: StartingWeights | null },
): number {
  const size = o.vocabSize ?? tokenizer?.vocabSize ?? start?.config.vocabSize;
  if (size !== undefined) return size;
  throw new RangeError(
    "Cannot tell the vocabulary size of the shards: there is no folder tokenizer beside them: give --vocab-size N",
  );
}
