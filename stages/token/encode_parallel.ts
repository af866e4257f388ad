/**
 * Encoding on several threads. The ids and their order do not depend on the number of threads.
 *
 * @module
 */
import { asSource } from "../flow/as_source.ts";
import { from } from "../flow/flow.ts";
import { parallel } from "../flow/parallel/parallel.ts";
import type { Stage } from "../flow/stage.ts";
import type { Document, Tokens } from "../items.ts";
import type { EncodeOptions } from "./encode.ts";
import type { SpecialOptions } from "./special.ts";

/** The tokenizer and the number of threads. */
export interface ParallelEncoding {
  /** A name or path for `loadTokenizer`, which each thread calls. */
  readonly tokenizer: string;
  /** Number of threads; with 0 or 1 the calling thread does the work. */
  readonly workers: number;
}

const module = import.meta.resolve("./encode_worker.ts");

/**
 * Returns the stage `encode` on several threads. Throws the errors of `parallel` and `encode`.
 *
 * @example
 * ```ts
 * import { encodeParallel, from } from "@stagewise/gpt";
 *
 * const documents = Array.from({ length: 100 }, (_, i) => ({ id: `${i}`, text: "We the People" }));
 * const encoded = from(documents).pipe(encodeParallel({ tokenizer: "byte", workers: 2 }));
 * console.log((await Array.fromAsync(encoded.stream())).length); // 100
 * ```
 */
export function encodeParallel(
  { workers, ...options }: ParallelEncoding & EncodeOptions,
): Stage<Document, Tokens> {
  return parallel({ module, group: "encodeStages", options: { ...options } }, { workers, name: "encode" });
}

/**
 * Yields the ids of each text, in order, as the tokenizer's `encode` returns them. Only a few texts are in
 * memory at a time. Throws the errors of `loadTokenizer` and of `Tokenizer.encode`.
 */
export async function* encodeBatch(
  texts: Iterable<string> | AsyncIterable<string>,
  { tokenizer, workers, allowedSpecial = [], disallowedSpecial = "all" }: ParallelEncoding & SpecialOptions,
): AsyncGenerator<Uint32Array, void, undefined> {
  const options = {
    tokenizer,
    allowedSpecial: asData(allowedSpecial),
    disallowedSpecial: asData(disallowedSpecial),
  };
  yield* from(asSource("texts", () => texts))
    .pipe(parallel<string, Uint32Array>({ module, group: "encodeTextStages", options }, { workers }))
    .stream();
}

function asData(names: "all" | Iterable<string>): "all" | string[] {
  return names === "all" ? "all" : [...names];
}
