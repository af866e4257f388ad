/**
 * Reads several sources one after another, such as the files of a glob.
 *
 * @module
 */
import type { SavedState } from "../flow/checkpoint/checkpoint.ts";
import type { Source } from "../flow/stage.ts";

/** Position in a chain of sources. */
export interface ChainState {
  /** Name of the source that yields the next item; null after the last source. */
  at: string | null;
  /** State of that source; undefined before it is opened. */
  inner: any;
}

/**
 * Returns a source that yields all items of the first source, then all items of the second, and so on. A
 * saved state refers to its current source by name, so sources may be appended before a resume. The names
 * must differ. Throws TypeError if a name occurs twice, or if the saved source is missing on resume.
 *
 * @example
 * ```ts
 * import { asSource, chain, from } from "@stagewise/gpt";
 *
 * const both = chain("both", [asSource("first", () => [1, 2]), asSource("second", () => [3])]);
 * console.log(await Array.fromAsync(from(both).stream())); // [ 1, 2, 3 ]
 * ```
 */
export function chain<T>(name: string, sources: readonly Source<T>[]): Source<T, ChainState> {
  const names = sources.map((source) => source.name);
  const indices = new Map(names.map((one, i) => [one, i])); // a map, as a glob may match thousands of files
  const doubled = names.find((one, i) => indices.get(one) !== i);
  if (doubled !== undefined) {
    throw new TypeError(`${doubled} occurs twice among the sources of ${name}: list it once`);
  }
  const find = (at: string): number => {
    const i = indices.get(at);
    if (i === undefined) {
      throw new TypeError(
        `Cannot resume in ${at}: it is no longer among the sources of ${name}: put it back`,
      );
    }
    return i;
  };
  return {
    name,
    async open(ctx, saved) {
      if (saved === undefined) return { at: names[0] ?? null, inner: undefined };
      const inner = saved.at === null || saved.inner === undefined || saved.inner === null
        ? undefined
        : await sources[find(saved.at)].open(ctx, saved.inner);
      return { at: saved.at, inner };
    },
    async *read(state, ctx) {
      while (state.at !== null) {
        const i = find(state.at);
        state.inner ??= await sources[i].open(ctx);
        yield* sources[i].read(state.inner, ctx);
        await closeInner(sources[i], state);
        state.at = names[i + 1] ?? null;
      }
    },
    async save({ at, inner }) {
      if (at === null || inner === undefined) return { at, inner: null };
      const save = sources[find(at)].save;
      const saved: SavedState = save ? await save(inner) : structuredClone(inner);
      return { at, inner: saved };
    },
    async close(state) {
      if (state.at !== null) await closeInner(sources[find(state.at)], state);
    },
  };
}

async function closeInner(source: Source<unknown>, state: ChainState): Promise<void> {
  if (state.inner !== undefined) await source.close?.(state.inner);
  state.inner = undefined;
}
