/**
 * Trains a byte-pair tokenizer on a stream of texts, on several threads.
 *
 * @module
 */
import { asSource } from "../../flow/as_source.ts";
import { from } from "../../flow/flow.ts";
import type { BpeTokenizer } from "../bpe.ts";
import { BpeTrainer, type TrainBpeOptions, type TrainBpeReport } from "./bpe_trainer.ts";
import { countChunks, GROUP_CHARACTERS, type TextGroup } from "./count_chunks.ts";
export { BpeTrainer, type TrainBpeOptions, type TrainBpeReport } from "./bpe_trainer.ts";
export type { ChunkCounts } from "./chunk_counter.ts";
export type { TieBreak } from "./learn_merges.ts";

/**
 * Trains a byte-pair tokenizer on texts. The texts are not kept in memory, so they may be a stream of any
 * length. Chunks are counted on `workers` threads (default 1); the result does not depend on the number of
 * threads. Throws RangeError if a special token has the text of a byte's token.
 *
 * @example
 * ```ts
 * import { trainBpe } from "@stagewise/gpt";
 *
 * const { tokenizer } = await trainBpe(["aaabdaaabac"], { vocabSize: 259, pattern: "none" });
 * console.log([...tokenizer.encodeOrdinary("aaabdaaabac")]); // [ 258, 100, 258, 97, 99 ]
 * ```
 */
export async function trainBpe(
  texts: Iterable<string> | AsyncIterable<string>,
  options: TrainBpeOptions & { readonly workers?: number },
): Promise<{ tokenizer: BpeTokenizer; report: TrainBpeReport }> {
  const { workers = 1, ...training } = options;
  const trainer = new BpeTrainer(training);
  if (workers <= 1) { for await (const text of texts) trainer.add(text); }
  else {
    const counts = from(asSource("texts", () => groups(texts)))
      .pipe(countChunks({ pattern: training.pattern ?? "gpt4", workers }));
    for await (const counted of counts.stream()) trainer.addCounted(counted);
  }
  return trainer.train();
}

async function* groups(texts: Iterable<string> | AsyncIterable<string>): AsyncGenerator<TextGroup> {
  let group: string[] = [], characters = 0;
  for await (const text of texts) {
    group.push(text);
    characters += text.length;
    if (characters < GROUP_CHARACTERS) continue;
    yield { texts: group, excerpt: "" };
    group = [];
    characters = 0;
  }
  yield { texts: group, excerpt: "" };
}
