/**
 * Loss over consecutive windows of a text, in nats per token and in bits per byte. Bits per byte can be
 * compared between models with different vocabularies.
 *
 * @module
 */
import { ignoredTarget } from "../../kernels/ops/loss/cross_entropy.ts";
import type { EvalEvent } from "../flow/events.ts";
import type { ModelSession } from "../model/model_session.ts";
import type { Tokenizer } from "../token/tokenizer.ts";

/** Sums over the text so far; plain data that a checkpoint can save. */
export interface LossTally {
  /** Sum of the losses of all tokens. */
  nats: number;
  /** Number of tokens, special ones included. */
  tokens: number;
  /** Sum of the losses of tokens that stand for text; 0 if the number of bytes per token is not known. */
  textNats: number;
  /** Number of UTF-8 bytes that the tokens stand for. */
  bytes: number;
}

/** Number of bytes of text that a token id stands for; 0 for special tokens. */
export type TokenBytes = (id: number) => number;

/** Means over a text. */
export interface LossSummary {
  /** Mean loss in nats per token. */
  readonly loss: number;
  /** `e` to the mean loss. */
  readonly perplexity: number;
  /** Mean loss in bits per byte of text; null if the number of bytes per token is not known. */
  readonly bitsPerByte: number | null;
  /** Number of UTF-8 bytes of the predicted text; 0 if it is not known. */
  readonly bytes: number;
}

/** An empty tally. */
export function emptyLossTally(): LossTally {
  return { nats: 0, tokens: 0, textNats: 0, bytes: 0 };
}

/** The means of a tally. */
export function summarizeLoss({ nats, tokens, textNats, bytes }: LossTally): LossSummary {
  const loss = nats / tokens;
  return {
    loss,
    perplexity: Math.exp(loss),
    bitsPerByte: bytes > 0 ? textNats / Math.LN2 / bytes : null,
    bytes,
  };
}

/** Returns the event of an evaluation after `step` updates. */
export function evalEvent(step: number, { loss, bitsPerByte, bytes }: LossSummary): EvalEvent {
  return { type: "eval", step, valLoss: loss, ...(bitsPerByte !== null && { bitsPerByte, bytes }) };
}

/**
 * Returns the number of batches of the plan's evaluation size in a text. Throws RangeError for fewer than two
 * tokens.
 */
export function batchCount(model: ModelSession, tokens: Uint32Array): number {
  if (tokens.length < 2) {
    throw new RangeError(`Cannot evaluate on ${tokens.length} tokens: wanted two or more of validation text`);
  }
  return Math.ceil((tokens.length - 1) / batchTokens(model));
}

/**
 * Adds the losses of a batch of `tokens` to the tally, or of `count` batches at once; `batch` is the index of
 * the first. Special tokens count as tokens, but not for bits per byte.
 */
export async function measureBatch(
  model: ModelSession,
  { tokens, batch, count = 1, tally, tokenBytes }: {
    readonly tokens: Uint32Array;
    readonly batch: number;
    /** At most the model's `batchesAtOnce`. */
    readonly count?: number;
    readonly tally: LossTally;
    readonly tokenBytes?: TokenBytes | undefined;
  },
): Promise<void> {
  const start = batch * batchTokens(model), size = count * batchTokens(model);
  const length = Math.min(size, tokens.length - 1 - start);
  const inputs = new Uint32Array(size);
  const targets = new Uint32Array(size).fill(ignoredTarget); // pads the last batch
  inputs.set(tokens.subarray(start, start + length));
  targets.set(tokens.subarray(start + 1, start + 1 + length));
  const losses = await model.losses(inputs, targets);
  for (let i = 0; i < length; i++) {
    tally.nats += losses[i];
    const bytes = tokenBytes?.(targets[i]) ?? 0;
    if (bytes > 0) tally.textNats += losses[i];
    tally.bytes += bytes;
  }
  tally.tokens += length;
}

/**
 * Returns the loss over consecutive windows of `tokens`, up to `batches` batches of the plan's evaluation
 * size. Throws RangeError for fewer than two tokens.
 *
 * @example
 * ```ts
 * import { byteTokenizer, gpt, initialWeights, openEngine } from "@stagewise/gpt";
 * import { openModel, plan, validationLoss } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const { engine } = await openEngine("cpu");
 * const planned = plan({ model, evaluation: { batch: 2, seqLen: 8 } });
 * await using session = await openModel(engine, { plan: planned, weights: initialWeights(model, 1) });
 * const tokens = byteTokenizer().encode("We the People of the United States");
 * const { perplexity } = await validationLoss(session, { tokens });
 * console.log(perplexity > 200 && perplexity < 300); // true
 * ```
 */
export async function validationLoss(
  model: ModelSession,
  { tokens, batches = Infinity, tokenBytes }: {
    readonly tokens: Uint32Array;
    readonly batches?: number | undefined;
    readonly tokenBytes?: TokenBytes | undefined;
  },
): Promise<LossSummary> {
  const tally = emptyLossTally(), count = Math.min(batches, batchCount(model, tokens));
  for (let batch = 0; batch < count;) {
    const together = Math.min(count - batch, model.batchesAtOnce);
    await measureBatch(model, { tokens, batch, count: together, tally, tokenBytes });
    batch += together;
  }
  return summarizeLoss(tally);
}

/**
 * Number of tokens at the beginning of a text that cover at least `bytes` bytes: whole documents, which begin
 * with a token of 0 bytes, as long as they are at most twice as long in all. So models with different
 * vocabularies are measured on the same text. If the bytes per token are not known, a token counts as 4
 * bytes.
 */
export function tokensOfBytes(
  tokens: Uint32Array,
  { bytes, tokenBytes = () => 4 }: { readonly bytes: number; readonly tokenBytes?: TokenBytes | undefined },
): number {
  let read = 0, from = tokens.length;
  for (let i = 0; i < tokens.length; i++) {
    const own = tokenBytes(tokens[i]);
    if (read >= bytes && from === tokens.length) from = i;
    if (read >= bytes && own === 0) return i;
    if (read >= 2 * bytes) return from;
    read += own;
  }
  return tokens.length;
}

/** Returns the number of bytes of each token id of a tokenizer; each id is looked up only once. */
export function countTokenBytes(tokenizer: Tokenizer): TokenBytes {
  const special = new Set(tokenizer.special.values());
  const known = new Int32Array(tokenizer.vocabSize).fill(-1);
  return (id) => {
    if (id >= known.length || special.has(id)) return 0; // ids beyond the vocabulary are padding
    if (known[id] < 0) known[id] = tokenizer.decodeSingleTokenBytes(id).length;
    return known[id];
  };
}

function batchTokens({ plan: { evaluation } }: ModelSession): number {
  if (evaluation === undefined) throw new RangeError("Cannot evaluate: the plan has no evaluation");
  return evaluation.batch * evaluation.seqLen;
}
