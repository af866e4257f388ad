/**
 * The held-out part as `evaluate` wants it: its tokens, its bytes, and the unigram model to beat.
 *
 * @module
 */
import { dirname } from "node:path";
import { openTokens, type TokenFormat } from "../../stages/format/tokens/token_formats.ts";
import { readShardSummary } from "../../stages/shard/summary.ts";
import type { EvaluateOptions } from "../../stages/evaluate/evaluate.ts";
import { countTokenBytes } from "../../stages/evaluate/loss_tally.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";

/** How the validation loss is measured, but not how often. */
export type Validation = Omit<EvaluateOptions, "every" | "batches">;

/** Where the held-out part is and what it is compared with. */
export interface ValidationInputs {
  readonly validation: readonly string[];
  /** Training shards; the unigram model counts their first `first` tokens, which no run can be short of by then. */
  readonly training: readonly string[];
  readonly first: number;
  readonly vocabSize: number;
  /** For bits per byte; null: shards.json beside the held-out part may tell them. */
  readonly tokenizer: Tokenizer | null;
  /** Of all these shards. Default llmc. */
  readonly format?: TokenFormat;
}

/** Reads the held-out shards when they are first needed. */
export async function openValidation(
  { validation, training, first, vocabSize, tokenizer, format = "llmc" }: ValidationInputs,
): Promise<Validation> {
  const told = tokenizer === null ? (await readShardSummary(dirname(validation[0])))?.validation : undefined;
  return {
    validation: () => Promise.resolve(firstTokens(validation, { most: MOST_VALIDATION, format })),
    ...(tokenizer !== null && { tokenBytes: countTokenBytes(tokenizer) }),
    ...(told !== undefined && told.bytes > 0 && { tokenBytes: () => told.bytes / told.tokens }),
    trainingCounts() {
      const counts = new Float64Array(vocabSize);
      for (const id of firstTokens(training, { most: first, format })) counts[id]++;
      return counts;
    },
  };
}

const MOST_VALIDATION = 16 << 20; // tokens: 64 MB; no evaluation looks at more

/** The first tokens of shards read one after another. */
function firstTokens(
  paths: readonly string[],
  { most, format }: { readonly most: number; readonly format: TokenFormat },
): Uint32Array {
  const parts: Uint32Array[] = [];
  let length = 0;
  for (const path of paths) {
    if (length >= most) break;
    const file = openTokens({ path, format });
    try {
      parts.push(file.read(0, Math.min(file.count, most - length)));
      length += parts[parts.length - 1].length;
    } finally {
      file.close();
    }
  }
  const all = new Uint32Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
