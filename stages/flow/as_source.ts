/**
 * Anything that can be iterated as a source.
 *
 * @module
 */
import type { Many, Source } from "./stage.ts";

/** State of a source of plain items: the number of items read. */
export type ItemCursor = { next: number };

/**
 * Returns a source of the items that `open` returns: an array, a generator, a ReadableStream. A resumed run
 * calls `open` again and skips the items that were read before, so `open` must return the same items each
 * time. The run fails with a RangeError as cause if there are fewer items than were read before. A source
 * that can seek resumes faster: write it as a Source.
 *
 * @example
 * ```ts
 * import { asSource, from } from "@stagewise/gpt";
 *
 * async function* lines() {
 *   yield "first";
 *   yield "second";
 * }
 * await from(asSource("lines", lines)).run({ onEvent: console.log });
 * ```
 */
export function asSource<T>(name: string, open: () => Many<T>): Source<T, ItemCursor> {
  return {
    name,
    open: (_ctx, saved = { next: 0 }) => saved,
    read: (state) => remaining(open(), state),
  };
}

/** Returns the items after the first `state.next`. Advances the cursor before each yield. */
export function remaining<T>(items: Many<T>, state: ItemCursor): Many<T> {
  if (Array.isArray(items)) return restOfArray<T>(items, state);
  return Symbol.iterator in items ? rest(items, state) : restAsync(items, state);
}

function* restOfArray<T>(items: readonly T[], state: ItemCursor): Generator<T> {
  checkEnd(state.next, items.length);
  while (state.next < items.length) yield items[state.next++];
}

function* rest<T>(items: Iterable<T>, state: ItemCursor): Generator<T> {
  let at = 0;
  const { next } = state;
  for (const item of items) {
    if (at++ < next) continue;
    state.next = at;
    yield item;
  }
  checkEnd(next, at);
}

async function* restAsync<T>(items: AsyncIterable<T>, state: ItemCursor): AsyncGenerator<T> {
  let at = 0;
  const { next } = state;
  for await (const item of items) {
    if (at++ < next) continue;
    state.next = at;
    yield item;
  }
  checkEnd(next, at);
}

/** Throws RangeError if a resumed run would start past the end of the items. */
function checkEnd(next: number, length: number): void {
  if (next <= length) return;
  throw new RangeError(
    `Cannot resume after ${next} items: there are only ${length}: pass the same items as before, or start a ` +
      "new run",
  );
}
