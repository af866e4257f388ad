/**
 * Validation loss as training goes on.
 *
 * @module
 */
import type { Context, Stage } from "../flow/stage.ts";
import { type TokenBytes, validationLoss } from "./loss_tally.ts";
import type { ModelUpdate } from "../model/model_update.ts";
import { unigramLoss } from "./unigram.ts";

/** What `evaluate` takes. */
export interface EvaluateOptions {
  /** Updates between evaluations; 0: never. The last update is always evaluated. */
  readonly every: number;
  /** Batches of the plan's evaluation size, from the start of the validation text; absent: all of it. */
  readonly batches?: number;
  /** The validation text; asked for once, before the first evaluation. */
  validation(): Promise<Uint32Array>;
  /** For bits per byte: see `tokenBytes`. */
  readonly tokenBytes?: TokenBytes;
  /** How often each token stands in the training text, for the unigram model's loss; asked for once. */
  trainingCounts?(): ArrayLike<number> | Promise<ArrayLike<number>>;
}

interface EvaluateState {
  /** The update evaluated last, and its loss: a checkpoint of that update is kept if it is the best. */
  evaluated: number;
  valLoss: number | null;
  unigram: number | null;
  tokens: Uint32Array | null;
  seen: ModelUpdate | null;
}

/** Evaluates the model every N updates and after the last, emits what it finds, passes the model on. */
export function evaluate(options: EvaluateOptions): Stage<ModelUpdate, ModelUpdate> {
  return {
    name: "evaluate",
    open: (_ctx: Context, saved?: Partial<EvaluateState>): EvaluateState => ({
      evaluated: saved?.evaluated ?? -1,
      valLoss: saved?.valLoss ?? null,
      unigram: saved?.unigram ?? null,
      tokens: null,
      seen: null,
    }),
    async *push(trained: ModelUpdate, state: EvaluateState, ctx: Context) {
      state.seen = trained;
      if (options.every > 0 && (trained.last || trained.step % options.every === 0)) {
        await measure(options, { trained, state, ctx });
      }
      yield trained;
    },
    async *flush(state: EvaluateState, ctx: Context) {
      const { seen } = state;
      if (options.every > 0 && seen !== null && seen.step !== state.evaluated && !ctx.stopping) {
        await measure(options, { trained: seen, state, ctx });
      }
    },
    save: ({ evaluated, valLoss, unigram }: EvaluateState) => ({ evaluated, valLoss, unigram }),
  };
}

async function measure(
  options: EvaluateOptions,
  { trained, state, ctx }: {
    readonly trained: ModelUpdate;
    readonly state: EvaluateState;
    readonly ctx: Context;
  },
): Promise<void> {
  const tokens = state.tokens ??= await options.validation();
  if (state.unigram === null && options.trainingCounts !== undefined) {
    state.unigram = unigramLoss(tokens.subarray(1), await options.trainingCounts());
  }
  await trained.reported();
  const { batches, tokenBytes } = options;
  const { loss, bitsPerByte } = await validationLoss(trained.model, { tokens, batches, tokenBytes });
  state.evaluated = trained.step;
  state.valLoss = loss;
  ctx.emit({
    type: "eval",
    step: trained.step,
    valLoss: loss,
    ...(bitsPerByte !== null && { bitsPerByte }),
    ...(state.unigram !== null && { unigramLoss: state.unigram }),
  });
}
