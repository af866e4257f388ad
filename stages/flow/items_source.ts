/**
 * Makes a source of items that a program already has, for example in an array or a stream.
 *
 * @module
 */
import { type ItemCursor, remaining } from "./as_source.ts";
import type { Source } from "./stage.ts";

/** Items that `from()` takes: an array or any other iterable or async iterable, except a text. */
export type Items<T> = object & (Iterable<T> | AsyncIterable<T>);

/** Options of `from()` for items. */
export interface FromOptions {
  /** Name of the source in events and checkpoints. Default: "items". */
  readonly name?: string;
}

/** Streams and iterators from which a run has read, and which therefore cannot be read from the beginning. */
const used = new WeakSet<object>();

/** The source of the items. Throws TypeError for a value that cannot be iterated. */
export function itemsSource<T>(items: Items<T>, { name = "items" }: FromOptions = {}): Source<T, ItemCursor> {
  checkItems(items);
  const again = `from(asSource(${JSON.stringify(name)}, () => …)) with a function that makes the items anew`;
  return {
    name,
    open(_ctx, saved = { next: 0 }) {
      if (saved.next > 0 && items instanceof ReadableStream) {
        throw new Deno.errors.NotSupported(
          `Cannot resume a ReadableStream after ${saved.next} items, because its chunks may differ: use ${again}`,
        );
      }
      if (used.has(items)) {
        throw new Deno.errors.NotSupported(
          `Cannot read the same ${kindOf(items)} a second time, after an earlier run: use ${again}`,
        );
      }
      return saved;
    },
    read(state) {
      if (canBeReadOnce(items)) used.add(items);
      return remaining(items, state);
    },
  };
}

/** Returns whether the items are gone once they are read: a stream, or an iterator such as a generator. */
function canBeReadOnce(items: Items<unknown>): boolean {
  if (items instanceof ReadableStream) return true;
  return "next" in items && typeof items.next === "function";
}

function checkItems(items: unknown): void {
  if (typeof items === "object" && items !== null) {
    if (Symbol.iterator in items || Symbol.asyncIterator in items) return;
  }
  throw new TypeError(
    `Cannot start a flow from ${
      kindOf(items)
    }: expected a Source, an array, an iterable, an async iterable ` +
      `or a ReadableStream${hintFor(items)}`,
  );
}

function kindOf(items: unknown): string {
  if (typeof items === "string") return `the text ${JSON.stringify(items.slice(0, 40))}`;
  if (typeof items !== "object" || items === null) {
    return typeof items === "function" ? "a function" : `${items}`;
  }
  return Object.prototype.toString.call(items).slice("[object ".length, -1);
}

/** Returns what to type instead, for common mistakes. */
function hintFor(items: unknown): string {
  if (typeof items === "string") return `: from(await openSource([${JSON.stringify(items.slice(0, 40))}]))`;
  if (typeof items === "function") return ': from(asSource("name", f)) calls f for the items';
  if (items instanceof Promise) return ": await it first";
  if (items instanceof Response || items instanceof Blob) return ": take its stream, body or stream()";
  return "";
}
