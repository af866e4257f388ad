/**
 * Validation loss during training. To evaluate a finished model, see evaluate_model.ts.
 *
 * @module
 */
import type { Context, Stage } from "../flow/stage.ts";
import { periodic } from "../flow/periodic.ts";
import type { ModelUpdate } from "../model/model_update.ts";
import { evalEvent, type TokenBytes, tokensOfBytes, validationLoss } from "./loss_tally.ts";
import { unigramLoss } from "./unigram.ts";

/** Options of `evaluate`. */
export interface EvaluateOptions {
  /**
   * Number of updates between evaluations; the model is also evaluated after the last update. 0 means that
   * there are no evaluations.
   */
  readonly every: number;
  /**
   * Bytes of text, from the start of the validation text, that each evaluation takes except the one after the
   * last update, which takes all: see `tokensOfBytes`. Default: all.
   */
  readonly bytes?: number;
  /** Returns the tokens of the validation text. It is called once, before the first evaluation. */
  validation(): Promise<Uint32Array>;
  /** Bytes of text per token, for bits per byte: see `countTokenBytes`. */
  readonly tokenBytes?: TokenBytes;
  /** Returns the identity of the validation text, which is recorded with each result; called once. */
  identity?(): Promise<string>;
  /** Returns the count of each token in the training text, for the loss of a unigram model; called once. */
  trainingCounts?(): ArrayLike<number> | Promise<ArrayLike<number>>;
}

interface EvaluateState {
  /**
   * Step and loss of each evaluation. Checkpoints keep them, because the best checkpoint is the one with the
   * least loss, and a checkpoint is taken before its weights are evaluated.
   */
  readonly losses: (readonly [step: number, loss: number])[];
  /** Loss of the unigram model. */
  unigram: number | null;
  /** Tokens of the validation text. */
  tokens: Uint32Array | null;
  /** SHA-256 of the tokens; null before they are read. */
  hash: string | null;
  /** Identity of the validation text; null if it is not known. */
  text: string | null;
  /** Whether the latest evaluation took only a part of the validation text. */
  partial: boolean;
}

/** State in a checkpoint. */
interface SavedEvaluation {
  readonly evaluated?: number;
  readonly losses?: readonly (readonly [step: number, loss: number])[];
  readonly unigram?: number | null;
  readonly text?: string | null;
  readonly hash?: string | null;
}

/**
 * Evaluates the model every N updates and after the last, emits the loss, and passes the model on.
 *
 * @example
 * ```ts
 * import { adamw, evaluate, from, gpt, openEngine, plan, schedule, train } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const training = { optimizer: adamw(), shape: [1, 2, 8] as const, clip: 1 };
 * const planned = plan({ model, training, evaluation: { batch: 2, seqLen: 8 } });
 * const { engine } = await openEngine("cpu");
 * const ids = Uint32Array.from({ length: 16 }, (_, i) => i);
 * const batch = { inputs: ids, targets: ids, shape: training.shape };
 * const rate = schedule({ kind: "constant", lr: 1e-3, steps: 2 });
 * const steps: number[] = [];
 * await from([batch, batch])
 *   .pipe(train({ engine, plan: planned, steps: 2, schedule: rate }))
 *   .pipe(evaluate({ every: 1, validation: () => Promise.resolve(ids) }))
 *   .run({ onEvent: (event) => event.type === "eval" && steps.push(event.step) });
 * console.log(steps); // [ 1, 2 ]
 * ```
 */
export function evaluate(options: EvaluateOptions): Stage<ModelUpdate, ModelUpdate> {
  return periodic("evaluate", {
    every: options.every,
    open: (
      { evaluated = -1, losses = [], unigram = null, text = null, hash = null }: SavedEvaluation = {},
    ) => {
      return {
        actedOn: evaluated,
        losses: [...losses],
        unigram,
        text,
        hash,
        tokens: null as Uint32Array | null,
        partial: false,
      };
    },
    repeatsLast: ({ partial }) => partial,
    act: (update, state, ctx) => measure(options, { update, state, ctx }),
    save: ({ actedOn, losses, unigram, text, hash }) => {
      return { evaluated: actedOn, losses: [...losses], unigram, text, hash };
    },
  });
}

/** Reads the tokens. Throws Deno.errors.InvalidData if they are not those of the checkpoint. */
async function sameText(options: EvaluateOptions, state: EvaluateState): Promise<Uint32Array> {
  const tokens = await options.validation();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint32Array.from(tokens))).toHex();
  if (state.hash !== null && state.hash !== hash) {
    throw new Deno.errors.InvalidData(
      "Cannot resume: the validation text has changed since the checkpoint: " +
        "put its shards back as they were, or start over with --resume never",
    );
  }
  state.hash = hash;
  return tokens;
}

async function measure(
  options: EvaluateOptions,
  { update, state, ctx }: {
    readonly update: ModelUpdate;
    readonly state: EvaluateState;
    readonly ctx: Context;
  },
): Promise<void> {
  const tokens = state.tokens ??= await sameText(options, state);
  if (state.unigram === null && options.trainingCounts !== undefined) {
    state.unigram = unigramLoss(tokens.subarray(1), await options.trainingCounts());
  }
  await update.reported();
  state.text ??= await options.identity?.() ?? null;
  const { bytes = Infinity, tokenBytes } = options;
  const count = tokensOfBytes(tokens, { bytes, tokenBytes });
  const measure = (count: number) =>
    validationLoss(update.model, { tokens: tokens.subarray(0, count), tokenBytes });
  const part = await measure(count);
  const measured = update.last && count < tokens.length ? await measure(tokens.length) : part;
  state.partial = !update.last && count < tokens.length;
  // Checkpoints are compared by the same part of the text.
  state.losses.push([update.step, part.loss]);
  ctx.emit({
    ...evalEvent(update.step, measured),
    ...(state.unigram !== null && { unigramLoss: state.unigram }),
    ...(state.text !== null && { text: state.text }),
  });
}
