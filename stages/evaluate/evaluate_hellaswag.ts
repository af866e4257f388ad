/**
 * HellaSwag as training goes on.
 *
 * @module
 */
import type { Context, Source, Stage } from "../flow/stage.ts";
import type { MultipleChoice } from "../task/multiple_choice.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { CHOICES_PER_BATCH, emptyChoiceTally, hellaswagEvent, scoreChoices } from "./choice_tally.ts";
import type { ModelUpdate } from "../model/model_update.ts";

/** What `askHellaswag` takes. */
export interface EvaluateHellaswagOptions {
  /** Updates between rounds; 0: never. The last update is always followed by one. */
  readonly every: number;
  /** The items of one round; opened anew for each. */
  readonly items: Source<MultipleChoice>;
  /** The model's own. */
  readonly tokenizer: Tokenizer;
}

interface AskState {
  /** The update asked after last. */
  asked: number;
  seen: ModelUpdate | null;
}

/**
 * Asks all items every N updates and after the last, emits how many the model got right, passes the model on. A round
 * that a soft stop falls into is left out, with a note.
 */
export function evaluateHellaswag(options: EvaluateHellaswagOptions): Stage<ModelUpdate, ModelUpdate> {
  const { every } = options;
  return {
    name: "hellaswag",
    open: (_ctx: Context, saved?: { asked?: number }): AskState => ({
      asked: saved?.asked ?? -1,
      seen: null,
    }),
    async *push(trained: ModelUpdate, state: AskState, ctx: Context) {
      state.seen = trained;
      if (every > 0 && (trained.last || trained.step % every === 0)) {
        await ask(options, { trained, state, ctx });
      }
      yield trained;
    },
    async *flush(state: AskState, ctx: Context) {
      const { seen } = state;
      if (every > 0 && seen !== null && seen.step !== state.asked && !ctx.stopping) {
        await ask(options, { trained: seen, state, ctx });
      }
    },
    save: ({ asked }: AskState) => ({ asked }),
  };
}

async function ask(
  { items, tokenizer }: EvaluateHellaswagOptions,
  { trained, state, ctx }: { readonly trained: ModelUpdate; readonly state: AskState; readonly ctx: Context },
): Promise<void> {
  await trained.reported();
  state.asked = trained.step;
  const tally = emptyChoiceTally();
  const round = { model: trained.model, tokenizer, tally };
  let held: MultipleChoice[] = [];
  const place = await items.open(ctx);
  try {
    for await (const item of items.read(place, ctx)) {
      if (held.push(item) < CHOICES_PER_BATCH) continue;
      ctx.signal.throwIfAborted();
      if (ctx.stopping) {
        ctx.emit({ type: "note", text: `HellaSwag after step ${trained.step} was left out: the run stops` });
        return;
      }
      await scoreChoices(held, round);
      held = [];
    }
  } finally {
    await items.close?.(place);
  }
  if (held.length > 0) await scoreChoices(held, round);
  ctx.emit(hellaswagEvent(trained.step, tally));
}
