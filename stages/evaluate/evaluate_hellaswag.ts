/**
 * HellaSwag during training. To evaluate a finished model, see evaluate_model.ts.
 *
 * @module
 */
import { periodic } from "../flow/periodic.ts";
import type { Context, Source, Stage } from "../flow/stage.ts";
import type { ModelUpdate } from "../model/model_update.ts";
import type { MultipleChoice } from "../task/multiple_choice.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { CHOICES_PER_BATCH, emptyChoiceTally, hellaswagEvent, scoreChoices } from "./choice_tally.ts";

/** Options of `evaluateHellaswag`. */
export interface EvaluateHellaswagOptions {
  /**
   * Number of updates between evaluations; the model is also evaluated after the last update. 0 means that
   * there are no evaluations.
   */
  readonly every: number;
  /** The items of one evaluation; the source is opened again for each. */
  readonly items: Source<MultipleChoice>;
  /** The model's tokenizer. */
  readonly tokenizer: Tokenizer;
}

/**
 * Evaluates the model on all items every N updates and after the last, emits its accuracy, and passes the
 * model on. When the run is stopping, the evaluation is abandoned with a note.
 *
 * @example
 * ```ts
 * import {
 *   adamw,
 *   asSource,
 *   byteTokenizer,
 *   evaluateHellaswag,
 *   from,
 *   gpt,
 *   openEngine,
 *   plan,
 *   schedule,
 *   train,
 * } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const training = { optimizer: adamw(), shape: [1, 2, 8] as const, clip: 1 };
 * const planned = plan({ model, training, scoring: { tokens: 16 } });
 * const { engine } = await openEngine("cpu");
 * const ids = Uint32Array.from({ length: 16 }, (_, i) => i);
 * const batch = { inputs: ids, targets: ids, shape: training.shape };
 * const rate = schedule({ kind: "constant", lr: 1e-3, steps: 2 });
 * const items = asSource("items", () => [{ context: "a", endings: [" b", " c", " d", " e"], label: 0 }]);
 * const steps: number[] = [];
 * await from([batch, batch])
 *   .pipe(train({ engine, plan: planned, steps: 2, schedule: rate }))
 *   .pipe(evaluateHellaswag({ every: 2, items, tokenizer: byteTokenizer() }))
 *   .run({ onEvent: (event) => event.type === "hellaswag" && steps.push(event.step) });
 * console.log(steps); // [ 2 ]
 * ```
 */
export function evaluateHellaswag(options: EvaluateHellaswagOptions): Stage<ModelUpdate, ModelUpdate> {
  return periodic("hellaswag", {
    every: options.every,
    open: (saved?: { readonly asked?: number }) => ({ actedOn: saved?.asked ?? -1 }),
    act: (update, _state, ctx) => measure(options, { update, ctx }),
    save: ({ actedOn }) => ({ asked: actedOn }),
  });
}

async function measure(
  { items, tokenizer }: EvaluateHellaswagOptions,
  { update, ctx }: { readonly update: ModelUpdate; readonly ctx: Context },
): Promise<void> {
  await update.reported();
  const tally = emptyChoiceTally();
  const scoring = { model: update.model, tokenizer, tally };
  let batch: MultipleChoice[] = [];
  const state = await items.open(ctx);
  try {
    for await (const item of items.read(state, ctx)) {
      if (batch.push(item) < CHOICES_PER_BATCH) continue;
      ctx.signal.throwIfAborted();
      if (ctx.stopping) {
        ctx.emit({
          type: "note",
          text: `HellaSwag after step ${update.step} was abandoned: the run is stopping`,
        });
        return;
      }
      await scoreChoices(batch, scoring);
      batch = [];
    }
  } finally {
    await items.close?.(state);
  }
  if (batch.length > 0) await scoreChoices(batch, scoring);
  ctx.emit(hellaswagEvent(update.step, tally));
}
