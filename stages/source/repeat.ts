/**
 * Reads a source several times.
 *
 * @module
 */
import type { Source } from "../flow/stage.ts";

/** Position in the repetitions of a source. */
export interface RepeatState {
  /** Number of passes that have ended. */
  epoch: number;
  /** State of the source in this pass; undefined before it is opened. */
  inner: any;
}

/**
 * Returns a source that yields all items of a source `times` times, which may be Infinity. It ends after a
 * pass without items. Throws RangeError unless `times` is at least 1.
 */
export function repeat<T>(source: Source<T>, times: number): Source<T, RepeatState> {
  if (!(times >= 1)) throw new RangeError(`Cannot read ${source.name} ${times} times: expected at least 1`);
  return {
    name: source.name,
    open: async (ctx, saved) => ({
      epoch: saved?.epoch ?? 0,
      inner: saved === undefined || saved.inner === null ? undefined : await source.open(ctx, saved.inner),
    }),
    async *read(state, ctx) {
      while (state.epoch < times) {
        const isResumed = state.inner !== undefined;
        state.inner ??= await source.open(ctx);
        let count = 0;
        for await (const item of source.read(state.inner, ctx)) {
          count++;
          yield item;
        }
        await source.close?.(state.inner);
        state.inner = undefined;
        state.epoch++;
        if (count === 0 && !isResumed) return;
      }
    },
    save: async ({ epoch, inner }) => ({
      epoch,
      inner: inner === undefined ? null : source.save ? await source.save(inner) : structuredClone(inner),
    }),
    close: ({ inner }) => inner === undefined ? undefined : source.close?.(inner),
  };
}
