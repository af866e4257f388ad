/**
 * Any iterable as a source.
 *
 * @module
 */
import type { Many, Source } from "./stage.ts";

/**
 * A source of the items that `open` returns: an array, a generator, a ReadableStream. A resumed run calls
 * `open` again and skips the items that were read before, so `open` must return the same items each time. A
 * source that can seek resumes faster: write it as a Source.
 */
export function asSource<T>(name: string, open: () => Many<T>): Source<T, { next: number }> {
  return {
    name,
    open: (_ctx, saved = { next: 0 }) => saved,
    read(state) {
      const items = open();
      return Symbol.iterator in items ? rest(items, state) : restAsync(items, state);
    },
  };
}

function* rest<T>(items: Iterable<T>, state: { next: number }): Generator<T> {
  let at = 0;
  const { next } = state;
  for (const item of items) {
    if (at++ < next) continue;
    state.next = at;
    yield item;
  }
}

async function* restAsync<T>(items: AsyncIterable<T>, state: { next: number }): AsyncGenerator<T> {
  let at = 0;
  const { next } = state;
  for await (const item of items) {
    if (at++ < next) continue;
    state.next = at;
    yield item;
  }
}
