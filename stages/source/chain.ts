/**
 * Sources one after another: the files of a glob.
 *
 * @module
 */
import type { Saved } from "../flow/checkpoint/checkpoint.ts";
import type { Source } from "../flow/stage.ts";

/** Where a chain stands. */
export interface ChainState {
  /** Name of the source that the next item comes from, or null after the last. */
  at: string | null;
  /** That source's own state; undefined before it is opened. */
  inner: any;
}

/**
 * All of the first source, then all of the second, and so on. A saved state names the source it stands in, so that
 * files may be added after it. Names must differ. Throws TypeError on resuming if that source is gone.
 */
export function chain<T>(name: string, sources: readonly Source<T>[]): Source<T, ChainState> {
  const names = sources.map((source) => source.name);
  const places = new Map(names.map((one, i) => [one, i])); // of thousands of files each is looked up
  const doubled = names.find((one, i) => places.get(one) !== i);
  if (doubled !== undefined) {
    throw new TypeError(`${doubled} is among the sources of ${name} twice: list it once`);
  }
  const find = (at: string): number => {
    const i = places.get(at);
    if (i === undefined) {
      throw new TypeError(`Cannot go on in ${at}: it is no longer among the sources of ${name}: put it back`);
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
        await leave(sources[i], state);
        state.at = names[i + 1] ?? null;
      }
    },
    async save({ at, inner }) {
      if (at === null || inner === undefined) return { at, inner: null };
      const save = sources[find(at)].save;
      const saved: Saved = save ? await save(inner) : structuredClone(inner);
      return { at, inner: saved };
    },
    async close(state) {
      if (state.at !== null) await leave(sources[find(state.at)], state);
    },
  };
}

async function leave(source: Source<unknown>, state: ChainState): Promise<void> {
  if (state.inner !== undefined) await source.close?.(state.inner);
  state.inner = undefined;
}
