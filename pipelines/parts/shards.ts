/**
 * What token shards on disk do not say themselves: their tokenizer and the size of its vocabulary.
 *
 * @module
 */
import { dirname } from "node:path";
import { readTokenizer } from "../../stages/token/files/folder.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import { exists } from "../../stages/disk/whole_files.ts";
import type { StartingWeights } from "./starting_weights.ts";

/** The tokenizer whose folder stands beside the shards (`tokenizer` next to them or to their folder), or null. */
export async function shardsTokenizer(glob: string): Promise<Tokenizer | null> {
  const folder = dirname(glob);
  for (const dir of [`${folder}/tokenizer`, `${folder}/../tokenizer`]) {
    if (await exists(`${dir}/report.json`)) return await readTokenizer(dir);
  }
  return null;
}

/**
 * The vocabulary of shards: --vocab-size, else their tokenizer's, else the starting weights'. Throws RangeError where
 * none of them says it.
 */
export function shardsVocabulary(
  o: { readonly vocabSize: number | null },
  { tokenizer, start }: { readonly tokenizer: Tokenizer | null; readonly start: StartingWeights | null },
): number {
  const size = o.vocabSize ?? tokenizer?.vocabSize ?? start?.config.vocabSize;
  if (size !== undefined) return size;
  throw new RangeError(
    "Cannot tell the vocabulary of the shards: no tokenizer folder stands beside them: give --vocab-size N",
  );
}
