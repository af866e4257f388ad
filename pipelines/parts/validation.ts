/**
 * Prepares the validation shards for `evaluate`: their tokens, the bytes per token, and the counts for a
 * unigram model.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import type { EvaluateOptions } from "../../stages/evaluate/evaluate.ts";
import { countTokenBytes } from "../../stages/evaluate/loss_tally.ts";
import { openTokens, type TokenFormat } from "../../stages/format/tokens/token_formats.ts";
import { readShardSummary } from "../../stages/shard/summary.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";

/** Options of the validation loss, except how often and on how many batches it is measured. */
export type Validation = Omit<EvaluateOptions, "every" | "bytes">;

/** The shards, and the inputs for bits per byte and the unigram loss. */
export interface ValidationInputs {
  /** Paths of the validation shards. */
  readonly validation: readonly string[];
  /** Paths of the training shards, whose first tokens the unigram model counts. */
  readonly training: readonly string[];
  /** Number of training tokens to count; all of them must exist by the first evaluation. */
  readonly counted: number;
  readonly vocabSize: number;
  /** Tokenizer for bits per byte. If null, shards.json beside the validation shards is used if it exists. */
  readonly tokenizer: Tokenizer | null;
  /** Format of all shards. Default llmc. */
  readonly format?: TokenFormat;
}

/** Prepares validation; the shards are read when they are first needed. */
export async function openValidation(
  { validation, training, counted, vocabSize, tokenizer, format = "llmc" }: ValidationInputs,
): Promise<Validation> {
  // The summary describes the held-out text as a whole, not other shards of its folder.
  const described = async () => {
    const recorded = (await readShardSummary(dirname(validation[0])))?.validation;
    return recorded?.tokens === countTokens(validation, format) ? recorded : undefined;
  };
  const summary = tokenizer === null ? await described() : undefined;
  const tokens = () => firstTokens(validation, { limit: MAX_VALIDATION, format });
  return {
    validation: () => Promise.resolve(tokens()),
    identity: async () => (await described())?.sha256 ?? tokensIdentity(tokens()),
    ...(tokenizer !== null && { tokenBytes: countTokenBytes(tokenizer) }),
    ...(summary !== undefined && summary.bytes > 0 && { tokenBytes: () => summary.bytes / summary.tokens }),
    trainingCounts() {
      const counts = new Float64Array(vocabSize);
      for (const id of firstTokens(training, { limit: counted, format })) counts[id]++;
      return counts;
    },
  };
}

/** Identity of a text of which only the tokens are known: SHA-256 of their ids. */
export function tokensIdentity(tokens: Uint32Array): string {
  return createHash("sha256").update(new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength))
    .digest("hex");
}

const MAX_VALIDATION = 16 << 20; // tokens, 64 MB in memory: more than any evaluation uses

/** Returns the number of tokens that the headers of the shards give. */
function countTokens(paths: readonly string[], format: TokenFormat): number {
  return paths.reduce((sum, path) => {
    const file = openTokens({ path, format });
    file.close();
    return sum + file.count;
  }, 0);
}

/** Returns the first tokens of the shards, in the order of their paths. */
function firstTokens(
  paths: readonly string[],
  { limit, format }: { readonly limit: number; readonly format: TokenFormat },
): Uint32Array {
  const parts: Uint32Array[] = [];
  let length = 0;
  for (const path of paths) {
    if (length >= limit) break;
    const file = openTokens({ path, format });
    try {
      parts.push(file.read(0, Math.min(file.count, limit - length)));
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
