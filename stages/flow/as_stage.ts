/**
 * A WHATWG transform stream as a stage.
 *
 * @module
 */
import type { Stage } from "./stage.ts";

interface State<In, Out> {
  readonly writer: WritableStreamDefaultWriter<In>;
  readonly reader: ReadableStreamDefaultReader<Out>;
  readonly ready: Out[];
  /** Settles when the stream has no more to give; rejects if it fails. */
  readonly ended: Promise<void>;
}

/**
 * A stage that writes each item to the stream `make` gives and passes on what comes out. A stream's memory cannot be
 * saved: after a resume a fresh one begins. So for exact resumes take streams that keep nothing from one chunk to
 * the next, or write the stage out.
 *
 * @example
 * ```ts
 * import { asSource } from "./as_source.ts";
 * import { asStage } from "./as_stage.ts";
 * import { from } from "./flow.ts";
 *
 * const words = from(asSource("words", () => ["a", "b"]))
 *   .pipe(asStage("bytes", () => new TextEncoderStream()));
 * for await (const bytes of words.stream()) console.log(bytes.length);
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
      await turn();
      yield* state.ready.splice(0);
    },
    async *flush(state) {
      await Promise.all([state.writer.close(), state.ended]);
      yield* state.ready.splice(0);
    },
    save: () => null,
    async close(state) {
      await state.writer.abort().catch(() => {}); // it may have failed already, and has then been reported
      await state.reader.cancel().catch(() => {});
    },
  };
}

function begin<In, Out>({ readable, writable }: ReadableWritablePair<Out, In>): State<In, Out> {
  const reader = readable.getReader();
  const ready: Out[] = [];
  const ended = collect(reader, ready);
  ended.catch(() => {}); // seen by push and flush
  return { writer: writable.getWriter(), reader, ready, ended };
}

/** Reads all the time: a stream takes no chunk while nobody wants what comes of the one before. */
async function collect<Out>(reader: ReadableStreamDefaultReader<Out>, ready: Out[]): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    ready.push(value);
  }
}

/** Rejects when the stream has failed; never resolves. */
function failed(state: State<any, any>): Promise<never> {
  return state.writer.closed.then(() => new Promise<never>(() => {}));
}

/** What a write has given is read in the microtasks after it: this comes after them. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
