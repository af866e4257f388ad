/**
 * HellaSwag as training goes on.
 *
 * @module
 */
import type { Context, Source, Stage } from "../flow/stage.ts";
import type { Choice } from "./task/task.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { askChoices, CHOICES_AT_ONCE, hellaswagEvent, noChoices } from "./choice_tally.ts";
import type { Trained } from "../train/train.ts";

/** What `askHellaswag` takes. */
export interface AskHellaswagOptions {
  /** Updates between rounds; 0: never. The last update is always followed by one. */
  readonly every: number;
  /** The items of one round; opened anew for each. */
  readonly items: Source<Choice>;
  /** The model's own. */
  readonly tokenizer: Tokenizer;
}

interface AskState {
  /** The update asked after last. */
  asked: number;
  seen: Trained | null;
}

/**
 * Asks all items every N updates and after the last, emits how many the model got right, passes the model on. A round
 * that a soft stop falls into is left out, with a note.
 */
export function askHellaswag(options: AskHellaswagOptions): Stage<Trained, Trained> {
  const { every } = options;
  return {
    name: "hellaswag",
    open: (_ctx: Context, saved?: { asked?: number }): AskState => ({
      asked: saved?.asked ?? -1,
      seen: null,
    }),
    async *push(trained: Trained, state: AskState, ctx: Context) {
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
  { items, tokenizer }: AskHellaswagOptions,
  { trained, state, ctx }: { readonly trained: Trained; readonly state: AskState; readonly ctx: Context },
): Promise<void> {
  await trained.told();
  state.asked = trained.step;
  const tally = noChoices();
  const round = { model: trained.model, tokenizer, tally };
  let held: Choice[] = [];
  const place = await items.open(ctx);
  try {
    for await (const item of items.read(place, ctx)) {
      if (held.push(item) < CHOICES_AT_ONCE) continue;
      ctx.signal.throwIfAborted();
      if (ctx.stopping) {
        ctx.emit({ type: "note", text: `HellaSwag after step ${trained.step} was left out: the run stops` });
        return;
      }
      await askChoices(held, round);
      held = [];
    }
  } finally {
    await items.close?.(place);
  }
  if (held.length > 0) await askChoices(held, round);
  ctx.emit(hellaswagEvent(trained.step, tally));
}
