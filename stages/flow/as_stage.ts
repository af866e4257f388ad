/**
 * A WHATWG transform stream as a stage.
 *
 * @module
 */
import type { Stage } from "./stage.ts";

interface TransformState<In, Out> {
  readonly writer: WritableStreamDefaultWriter<In>;
  readonly reader: ReadableStreamDefaultReader<Out>;
  /** Output that has been read but not passed on. */
  readonly ready: Out[];
  /** Resolves when all output has been read; rejects if the stream fails. */
  readonly ended: Promise<void>;
}

/**
 * Returns a stage that writes each item to the stream that `make` returns, and passes on the stream's output.
 * The internal state of a stream cannot be saved, so a resumed run starts with a new stream. A resume is
 * therefore exact only for streams that keep nothing from one chunk to the next; otherwise write a Stage.
 *
 * @example
 * ```ts
 * import { asStage, from } from "@stagewise/gpt";
 *
 * const bytes = from(["a", "bc"]).pipe(asStage("bytes", () => new TextEncoderStream()));
 * console.log((await Array.fromAsync(bytes.stream())).map(({ length }) => length)); // [ 1, 2 ]
 * ```
 */
export function asStage<In, Out>(
  name: string,
  make: () => ReadableWritablePair<Out, In>,
): Stage<In, Out> {
  return {
    name,
    open: () => begin(make()),
    async *push(item, state) {
      await Promise.race([state.writer.write(item), failed(state)]);
      await outputRead();
      yield* state.ready.splice(0);
    },
    async *flush(state) {
      await Promise.all([state.writer.close(), state.ended]);
      yield* state.ready.splice(0);
    },
    save: () => null,
    async close(state) {
      await state.writer.abort().catch(() => {}); // any failure has already been reported
      await state.reader.cancel().catch(() => {});
    },
  };
}

function begin<In, Out>({ readable, writable }: ReadableWritablePair<Out, In>): TransformState<In, Out> {
  const reader = readable.getReader();
  const ready: Out[] = [];
  const ended = collect(reader, ready);
  ended.catch(() => {}); // push() and flush() report a failure
  return { writer: writable.getWriter(), reader, ready, ended };
}

/**
 * Reads all output without pause, because a stream accepts no chunk while the output of the previous chunk is
 * unread.
 */
async function collect<Out>(reader: ReadableStreamDefaultReader<Out>, ready: Out[]): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    ready.push(value);
  }
}

/** Rejects when the stream fails; never resolves. */
function failed(state: TransformState<any, any>): Promise<never> {
  return state.writer.closed.then(() => new Promise<never>(() => {}));
}

/** Resolves after the microtasks in which the output of a write is read. */
function outputRead(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
