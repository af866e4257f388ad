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
import { countTokens, openTokens, type TokenFormat } from "../../stages/format/tokens/token_formats.ts";
import type { TokenReader } from "../../stages/format/tokens/token_reader.ts";
import type { TokenShard } from "../../stages/items.ts";
import { shardTokens } from "../../stages/shard/shard_tokens.ts";
import { readShardSummary } from "../../stages/shard/summary.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";

/** Options of the validation loss, except how often and on how many batches it is measured. */
export type Validation = Omit<EvaluateOptions, "every" | "bytes">;

/** The shards, and the inputs for bits per byte and the unigram loss. */
export interface ValidationInputs {
  /** Paths of the validation shards. */
  readonly validation: readonly string[];
  /** Returns the training shards, whose first tokens the unigram model counts. Default: none. */
  training?(): readonly TokenShard[];
  /** Reads the training shards (default: files of this machine). */
  readonly tokens?: TokenReader;
  /** Number of training tokens to count; all of them must exist by the first evaluation. */
  readonly counted: number;
  readonly vocabSize: number;
  /** Tokenizer for bits per byte. If null, shards.json beside the validation shards is used if it exists. */
  readonly tokenizer: Tokenizer | null;
  /** Format of all shards. Default llmc. */
  readonly format?: TokenFormat;
}

/** Prepares validation; the shards are read once, when they are first needed. */
export async function openValidation(
  { validation, training, tokens: reader, counted, vocabSize, tokenizer, format = "llmc" }: ValidationInputs,
): Promise<Validation> {
  const count = () => validation.reduce((sum, path) => sum + countTokens(path, format), 0);
  // The summary describes the held-out text as a whole, not other shards of its folder.
  const described = async () => {
    const recorded = (await readShardSummary(dirname(validation[0])))?.validation;
    return recorded?.tokens === count() ? recorded : undefined;
  };
  const identity = async () => {
    const text = await described();
    const whole = text !== undefined && text.tokens <= MAX_VALIDATION;
    return whole && text.sha256 !== undefined ? text.sha256 : tokensIdentity(tokens());
  };
  const summary = tokenizer === null ? await described() : undefined;
  let text: Uint32Array | null = null;
  const tokens = () => text ??= readValidation(validation, format);
  return {
    validation: () => Promise.resolve(tokens()),
    identity,
    ...(tokenizer !== null && { tokenBytes: countTokenBytes(tokenizer) }),
    ...(summary !== undefined && summary.bytes > 0 && { tokenBytes: () => summary.bytes / summary.tokens }),
    ...(training !== undefined && {
      trainingCounts: () =>
        countIds(shardTokens(training(), { format, ...(reader !== undefined && { tokens: reader }) }), {
          limit: counted,
          vocabSize,
        }),
    }),
  };
}

/** Identity of a text of which only the tokens are known: SHA-256 of their ids. */
export function tokensIdentity(tokens: Uint32Array): string {
  return createHash("sha256").update(new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength))
    .digest("hex");
}

const MAX_VALIDATION = 16 << 20; // tokens: 64 MB in memory
const BLOCK = 1 << 16; // tokens

/**
 * The tokens of the shards, in the order of their paths. Of more than `MAX_VALIDATION` tokens, blocks at
 * equal distances are taken, so that the text comes from all shards.
 */
function readValidation(paths: readonly string[], format: TokenFormat): Uint32Array {
  const counts = paths.map((path) => countTokens(path, format));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const tokens = new Uint32Array(Math.min(total, MAX_VALIDATION));
  const blocks = total === tokens.length ? 1 : MAX_VALIDATION / BLOCK, length = tokens.length / blocks;
  let before = 0;
  for (const [i, path] of paths.entries()) {
    const file = openTokens({ path, format });
    try {
      for (let block = 0; block < blocks; block++) {
        const start = blocks === 1 ? 0 : Math.round(block * (total - length) / (blocks - 1));
        const from = Math.max(start, before), to = Math.min(start + length, before + counts[i]);
        if (from < to) tokens.set(file.read(from - before, to - from), block * length + from - start);
      }
    } finally {
      file.close();
    }
    before += counts[i];
  }
  return tokens;
}

/** Returns how often each id occurs among the first `limit` tokens. */
async function countIds(
  pieces: AsyncIterable<Uint32Array>,
  { limit, vocabSize }: { readonly limit: number; readonly vocabSize: number },
): Promise<Float64Array> {
  const counts = new Float64Array(vocabSize);
  if (limit === 0) return counts;
  let left = limit;
  for await (const piece of pieces) {
    for (const id of piece.subarray(0, left)) counts[id]++;
    left -= Math.min(left, piece.length);
    if (left === 0) break;
  }
  return counts;
}
