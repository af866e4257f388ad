/**
 * A stage that passes items on and acts on some of them: on every Nth step and on the last step.
 *
 * @module
 */
import type { SavedState } from "./checkpoint/types.ts";
import type { Context, Stage } from "./stage.ts";

/** An item that belongs to a step. */
export interface StepItem {
  /** Number of the step, starting at 1. */
  readonly step: number;
  /** Whether this is the last step of the run. */
  readonly last: boolean;
}

/** State of a periodic stage, besides the state of its action. */
export interface PeriodicState<T> {
  /** Step of the item that was acted on last; -1 if there is none. */
  actedOn: number;
  /** The latest item. */
  latest: T | null;
}

/** Options of `periodic`. `Own` is the state of the action. */
export interface PeriodicOptions<T extends StepItem, Own, Saved> {
  /** Number of steps between actions. 0 means that the stage never acts. */
  readonly every: number;
  /** Returns the initial state, or the state from a checkpoint. */
  open(saved: Saved | undefined): Own & { readonly actedOn: number };
  /**
   * Whether to act again on the latest item if the input ends and the item turns out to be the last. Default:
   * no.
   */
  repeatsLast?(state: Own): boolean;
  /** Acts on an item before it is passed on. */
  act(item: T, state: Own, ctx: Context): Promise<void>;
  /** Returns the state for a checkpoint. */
  save(state: Own & PeriodicState<T>): SavedState;
}

/** Returns whether a periodic stage acts on an item. */
export function isDue({ step, last }: StepItem, { every }: { readonly every: number }): boolean {
  return every > 0 && (last || step % every === 0);
}

/**
 * Acts on every Nth step and on the last step. If the input ends before the item marked as the last step,
 * acts on the latest item, unless the run is stopping.
 */
export function periodic<T extends StepItem, Own, Saved>(
  name: string,
  options: PeriodicOptions<T, Own, Saved>,
): Stage<T, T> {
  type State = Own & PeriodicState<T>;
  const act = async (item: T, state: State, ctx: Context) => {
    state.actedOn = item.step;
    await options.act(item, state, ctx);
  };
  return {
    name,
    open: (_ctx: Context, saved?: Saved): State => ({ ...options.open(saved), latest: null }),
    async *push(item: T, state: State, ctx: Context) {
      state.latest = item;
      if (isDue(item, options)) await act(item, state, ctx);
      yield item;
    },
    async *flush(state: State, ctx: Context) {
      const { latest } = state;
      if (options.every === 0 || latest === null || ctx.stopping) return;
      if (latest.step !== state.actedOn || options.repeatsLast?.(state)) {
        await act({ ...latest, last: true }, state, ctx);
      }
    },
    save: options.save,
  };
}
