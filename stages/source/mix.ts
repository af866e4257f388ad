/**
 * Mixes several sources into one. A flow cannot join several streams, so the mix is itself a source, whose
 * state contains the states of its parts.
 *
 * @module
 */
import { uniformAt } from "../../kernels/random/philox.ts";
import type { SavedState } from "../flow/checkpoint/checkpoint.ts";
import type { Many, Source } from "../flow/stage.ts";

/** One source of a mix. */
export interface MixPart<T> {
  /** Source of the items. */
  readonly source: Source<T>;
  /**
   * Total size of the source in the unit of `measure`. An estimate is enough; a better estimate gives a more
   * even mix.
   */
  readonly size: number;
  /**
   * Weight of the source if its share of the mix is not proportional to its size; of all parts or of none.
   */
  readonly weight?: number;
}

/** How the sources of a mix are weighted. */
export interface MixOptions<T> {
  /** Size of one item (default 1, so that sizes are numbers of items). */
  readonly measure?: (item: T) => number;
}

/** Position in a mix. */
export interface MixState {
  /** Number of random numbers used so far, which is also the counter of their generator. */
  position: number;
  /** Total size of the items read from each part, in the unit of `measure`. */
  taken: number[];
  /** Whether each part has ended. */
  ended: boolean[];
  /** State of each part's source. */
  parts: any[];
}

/**
 * Interleaves sources until all have ended. The source of the next item is chosen at random, with
 * probabilities proportional to the size that each source has left, so that the sources are spread evenly
 * over the whole mix. The order depends on the run's seed alone. Items of one source keep their order.
 *
 * With weights, the next item comes from the source that has yielded least for its weight, so that each has
 * its share of every stretch of the mix, whatever its size. A source that has ended drops out; the others
 * keep their proportions. No item is read twice.
 *
 * @example
 * ```ts
 * import { asSource, from, mix } from "@stagewise/gpt";
 *
 * const parts = [
 *   { source: asSource("letters", () => ["a", "b", "c"]), size: 3 },
 *   { source: asSource("digits", () => ["1", "2"]), size: 2 },
 * ];
 * const mixed = from(mix("mixed", parts)).stream({ seed: 1 });
 * console.log((await Array.fromAsync(mixed)).length); // 5
 * ```
 */
export function mix<T>(
  name: string,
  parts: readonly MixPart<T>[],
  options: MixOptions<T> = {},
): Source<T, MixState> {
  const { measure = () => 1 } = options, isWeighted = parts.some(({ weight }) => weight !== undefined);
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
          const i = isWeighted
            ? least(parts, state)
            : choose(uniformAt(ctx.seed, name, state.position), parts, state);
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
      const saved: SavedState[] = [];
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

/**
 * Returns the index of the part to read next. `draw` is a uniform random number in [0, 1). A part that has
 * yielded as much as its estimated size keeps a small weight until it ends, so that a low estimate loses no
 * items.
 */
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

/** Returns the index of the part that has yielded least for its weight; of equal ones, the first. */
function least(parts: readonly MixPart<unknown>[], state: MixState): number {
  const yielded = parts.map(({ weight = 1 }, i) => state.ended[i] ? Infinity : state.taken[i] / weight);
  return yielded.indexOf(Math.min(...yielded));
}

function iterator<T>(items: Many<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
}
