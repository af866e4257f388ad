/**
 * Loss over consecutive windows of a text: nats a token, perplexity, and bits a byte, which vocabularies of every size
 * can be compared by.
 *
 * @module
 */
import { ignoredTarget } from "../../kernels/ops/loss/cross_entropy.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import type { ModelSession } from "../model/model_session.ts";

/** Sums so far: plain data. */
export interface LossTally {
  /** Of all tokens' losses. */
  nats: number;
  /** All, special ones too. */
  tokens: number;
  /** Of the losses of tokens that stand for text; 0 where bytes are not known. */
  textNats: number;
  /** UTF-8 bytes that the tokens stand for. */
  bytes: number;
}

/** Bytes of text that a token stands for, by id; 0 for special tokens. */
export type TokenBytes = (id: number) => number;

/** Nothing measured yet. */
export function emptyLossTally(): LossTally {
  return { nats: 0, tokens: 0, textNats: 0, bytes: 0 };
}

/** Mean loss, e to it, and bits a byte, null where bytes are not known. */
export function summarizeLoss({ nats, tokens, textNats, bytes }: LossTally): Readonly<
  { loss: number; perplexity: number; bitsPerByte: number | null }
> {
  const loss = nats / tokens;
  return { loss, perplexity: Math.exp(loss), bitsPerByte: bytes > 0 ? textNats / Math.LN2 / bytes : null };
}

/** How many batches of the plan's evaluation a text has. Throws RangeError for fewer than two tokens. */
export function batchCount(model: ModelSession, tokens: Uint32Array): number {
  if (tokens.length < 2) {
    throw new RangeError(`Cannot evaluate on ${tokens.length} tokens: wanted two or more of validation text`);
  }
  return Math.ceil((tokens.length - 1) / sizeOf(model));
}

/** Adds batch number `batch`, from 0, of `tokens` to the tally. Special tokens count as tokens, not for bits a byte. */
export async function measureBatch(
  model: ModelSession,
  { tokens, batch, tally, tokenBytes }: {
    readonly tokens: Uint32Array;
    readonly batch: number;
    readonly tally: LossTally;
    readonly tokenBytes?: TokenBytes | undefined;
  },
): Promise<void> {
  const size = sizeOf(model), start = batch * size;
  const length = Math.min(size, tokens.length - 1 - start);
  const inputs = new Uint32Array(size);
  const targets = new Uint32Array(size).fill(ignoredTarget); // what a short last batch lacks
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
 * Mean loss in nats over consecutive windows of `tokens`, up to `batches` batches of the plan's evaluation. Throws
 * RangeError for fewer than two tokens.
 */
export async function validationLoss(
  model: ModelSession,
  { tokens, batches = Infinity, tokenBytes }: {
    readonly tokens: Uint32Array;
    readonly batches?: number | undefined;
    readonly tokenBytes?: TokenBytes | undefined;
  },
): Promise<ReturnType<typeof summarizeLoss>> {
  const tally = emptyLossTally(), all = Math.min(batches, batchCount(model, tokens));
  for (let batch = 0; batch < all; batch++) await measureBatch(model, { tokens, batch, tally, tokenBytes });
  return summarizeLoss(tally);
}

/** Bytes by id of a tokenizer, counted once. */
export function countTokenBytes(tokenizer: Tokenizer): TokenBytes {
  const special = new Set(tokenizer.special.values());
  const known = new Int32Array(tokenizer.vocabSize).fill(-1);
  return (id) => {
    if (id >= known.length || special.has(id)) return 0; // rows that only pad a vocabulary
    if (known[id] < 0) known[id] = tokenizer.decodeSingleTokenBytes(id).length;
    return known[id];
  };
}

function sizeOf({ plan: { evaluation } }: ModelSession): number {
  if (evaluation === undefined) throw new RangeError("Cannot evaluate: the plan has no evaluation");
  return evaluation.batch * evaluation.seqLen;
}
