/**
 * Validation loss as training goes on.
 *
 * @module
 */
import { ignoredTarget } from "../../kernels/ops/cross_entropy.ts";
import type { Context, Stage } from "../flow/stage.ts";
import type { ModelSession } from "./session.ts";
import type { Trained } from "./train.ts";
import { unigramLoss } from "./unigram.ts";

/** What `evaluate` takes. */
export interface EvaluateOptions {
  /** Updates between evaluations; 0: never. The last update is always evaluated. */
  readonly every: number;
  /** Batches of the plan's evaluation size, from the start of the validation text; absent: all of it. */
  readonly batches?: number;
  /** The validation text; asked for once, before the first evaluation. */
  validation(): Promise<Uint32Array>;
  /** Bytes of text a token of it stands for, for bits per byte. */
  bytesPerToken?(tokens: Uint32Array): number | Promise<number>;
  /** How often each token stands in the training text, for the unigram model's loss; asked for once. */
  trainingCounts?(): ArrayLike<number> | Promise<ArrayLike<number>>;
}

interface EvaluateState {
  /** The update evaluated last. */
  evaluated: number;
  unigram: number | null;
  text: { readonly tokens: Uint32Array; readonly bytes: number | null } | null;
  seen: Trained | null;
}

/** Evaluates the model every N updates and after the last, emits what it finds, passes the model on. */
export function evaluate(options: EvaluateOptions): Stage<Trained, Trained> {
  return {
    name: "evaluate",
    open: (_ctx: Context, saved?: Partial<EvaluateState>): EvaluateState => ({
      evaluated: saved?.evaluated ?? -1,
      unigram: saved?.unigram ?? null,
      text: null,
      seen: null,
    }),
    async *push(trained: Trained, state: EvaluateState, ctx: Context) {
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
    save: ({ evaluated, unigram }: EvaluateState) => ({ evaluated, unigram }),
  };
}

/**
 * Mean loss in nats over consecutive windows of `tokens`, up to `batches` batches. Throws RangeError for fewer than
 * two tokens.
 */
export async function validationLoss(
  model: ModelSession,
  options: { readonly tokens: Uint32Array; readonly batches?: number },
): Promise<number> {
  const { tokens, batches = Infinity } = options;
  if (tokens.length < 2) {
    throw new RangeError(`Cannot evaluate on ${tokens.length} tokens: wanted two or more of validation text`);
  }
  const { batch, seqLen } = model.plan.evaluation ?? { batch: 1, seqLen: 1 };
  const size = batch * seqLen;
  let sum = 0, count = 0;
  for (let i = 0; i < batches && i * size < tokens.length - 1; i++) {
    const length = Math.min(size, tokens.length - 1 - i * size);
    const inputs = new Uint32Array(size);
    const targets = new Uint32Array(size).fill(ignoredTarget); // what a short last batch lacks
    inputs.set(tokens.subarray(i * size, i * size + length));
    targets.set(tokens.subarray(i * size + 1, i * size + 1 + length));
    for (const loss of await model.losses(inputs, targets)) sum += loss;
    count += length;
  }
  return sum / count;
}

async function measure(
  options: EvaluateOptions,
  { trained, state, ctx }: {
    readonly trained: Trained;
    readonly state: EvaluateState;
    readonly ctx: Context;
  },
): Promise<void> {
  if (state.text === null) {
    const tokens = await options.validation();
    state.text = { tokens, bytes: await options.bytesPerToken?.(tokens) ?? null };
  }
  const { tokens, bytes } = state.text;
  if (state.unigram === null && options.trainingCounts !== undefined) {
    state.unigram = unigramLoss(tokens.subarray(1), await options.trainingCounts());
  }
  await trained.told();
  const { batches } = options;
  const valLoss = await validationLoss(trained.model, { tokens, ...(batches !== undefined && { batches }) });
  state.evaluated = trained.step;
  ctx.emit({
    type: "eval",
    step: trained.step,
    valLoss,
    ...(bytes !== null && { bitsPerByte: valLoss / Math.LN2 / bytes }),
    ...(state.unigram !== null && { unigramLoss: state.unigram }),
  });
}
