/**
 * Mixing is a source whose cursor holds its parts' cursors, so that a flow stays a tree.
 *
 * @module
 */
import { uniformAt } from "../../kernels/random/philox.ts";
import type { Saved } from "../flow/checkpoint/checkpoint.ts";
import type { Many, Source } from "../flow/stage.ts";

/** One ingredient. */
export interface MixPart<T> {
  /** Where its items come from. */
  readonly source: Source<T>;
  /** How much it holds, in the unit of `measure`, or a guess: the better the guess, the more even the mix. */
  readonly size: number;
}

/** How a mix is weighed. */
export interface MixOptions<T> {
  /** What an item adds to what was taken of its part (default 1: sizes are counts of items). */
  readonly measure?: (item: T) => number;
}

/** Where a mix stands. */
export interface MixState {
  /** Choices made so far: the counter of the random numbers. */
  position: number;
  /** What has been taken of each part, in the unit of `measure`. */
  taken: number[];
  /** Which parts have run dry. */
  ended: boolean[];
  /** Each part's own state. */
  parts: any[];
}

/**
 * Interleaves sources, each item's origin drawn in proportion to what each part still holds: a uniform shuffle of
 * origins, all of every part, in an order that the run's seed alone decides. Within a part the order is the part's.
 */
export function mix<T>(
  name: string,
  parts: readonly MixPart<T>[],
  options: MixOptions<T> = {},
): Source<T, MixState> {
  const { measure = () => 1 } = options;
  return {
    name,
    async open(ctx, saved) {
      const states: any[] = [];
      for (let i = 0; i < parts.length; i++) states.push(await parts[i].source.open(ctx, saved?.parts[i]));
      return saved === undefined
        ? { position: 0, taken: parts.map(() => 0), ended: parts.map(() => false), parts: states }
        : { ...saved, taken: [...saved.taken], ended: [...saved.ended], parts: states };
    },
    async *read(state, ctx) {
      const open = parts.map((part, i) => iterator(part.source.read(state.parts[i], ctx)));
      try {
        while (state.ended.includes(false)) {
          const i = choose(uniformAt(ctx.seed, name, state.position), parts, state);
          state.position++;
          const { done, value } = await open[i].next();
          if (done) {
            state.ended[i] = true;
          } else {
            state.taken[i] += measure(value);
            yield value;
          }
        }
      } finally {
        for (const part of open) await part.return?.();
      }
    },
    async save(state) {
      const saved: Saved[] = [];
      for (let i = 0; i < parts.length; i++) {
        const save = parts[i].source.save;
        saved.push(save ? await save(state.parts[i]) : structuredClone(state.parts[i]));
      }
      return { position: state.position, taken: [...state.taken], ended: [...state.ended], parts: saved };
    },
    async close(state) {
      for (let i = 0; i < parts.length; i++) await parts[i].source.close?.(state.parts[i]);
    },
  };
}

/** A part that has given all it promised keeps a small weight until it says it has ended. */
function choose(draw: number, parts: readonly MixPart<unknown>[], state: MixState): number {
  const weights = parts.map((part, i) => state.ended[i] ? 0 : Math.max(part.size - state.taken[i], 1e-3));
  let rest = draw * weights.reduce((sum, weight) => sum + weight, 0);
  let last = 0;
  for (let i = 0; i < parts.length; i++) {
    if (weights[i] === 0) continue;
    last = i;
    if (rest < weights[i]) return i;
    rest -= weights[i];
  }
  return last;
}

function iterator<T>(items: Many<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
}
