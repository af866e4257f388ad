/**
 * Compares a trained tokenizer with minbpe's result for the lecture's text.
 *
 * @module
 */
import type { BpeTokenizer } from "../../../stages/token/bpe.ts";
import { minbpeModel, minbpeVocab } from "../../../stages/token/files/minbpe_files.ts";
import { check, type Item } from "../item.ts";
import { sha256 } from "./token_items.ts";

/** minbpe's result for the lecture's text and 512 tokens. */
export interface MinbpeResult {
  /** Name of minbpe's files, without extension. */
  readonly name: "basic" | "regex";
  /** The first ten merges, in the format of `mergeList()`. */
  readonly firstMerges: string;
  /** SHA-256 hash of the `.model` file. */
  readonly model: string;
  /** SHA-256 hash of the `.vocab` file. */
  readonly vocab: string;
  /** Name of minbpe's class and of its text. */
  readonly source: string;
  /** Why this run's result may differ; null if it must be the same. */
  readonly mayDiffer: string | null;
}

/** Checks of the first ten merges and of both files. */
export async function* minbpeChecks(
  tokenizer: BpeTokenizer,
  { name, firstMerges, model, vocab, source, mayDiffer }: MinbpeResult,
): AsyncGenerator<Item> {
  const ours = mergeList(tokenizer, 10);
  yield check({ name: "first ten merges", ours, lecture: firstMerges, source, mayDiffer });
  for (
    const [file, content, lecture] of [
      ["model", minbpeModel(tokenizer), model],
      ["vocab", minbpeVocab(tokenizer), vocab],
    ]
  ) {
    yield check({
      name: `SHA-256 of ${name}.${file}`,
      ours: await sha256(content),
      lecture,
      source,
      mayDiffer,
    });
  }
}

/** Returns the first `count` merges as pairs of ids: "101 32, 44 32". */
export function mergeList({ merges }: BpeTokenizer, count: number): string {
  return merges.slice(0, count).map(([left, right]) => `${left} ${right}`).join(", ");
}
