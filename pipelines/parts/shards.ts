/**
 * The tokenizer of token shards and the size of its vocabulary, which the shards themselves do not store.
 *
 * @module
 */
import { dirname } from "node:path";
import { exists } from "../../stages/disk/whole_files.ts";
import { readTokenizer } from "../../stages/token/files/folder.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import type { StartingWeights } from "./starting_weights.ts";

/**
 * Returns the tokenizer in a folder `tokenizer` beside the shards or beside their folder. Returns null if
 * there is none.
 */
export async function shardsTokenizer(glob: string): Promise<Tokenizer | null> {
  const folder = dirname(glob);
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
