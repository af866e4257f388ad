/**
 * Encoding on several threads: the same ids in the same order for any number of them.
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

/** Which tokenizer, on how many threads. */
export interface ParallelEncoding {
  /** The name or path that `loadTokenizer` takes: each thread loads it. */
  readonly tokenizer: string;
  /** With 0 or 1 the work is done in this thread. */
  readonly workers: number;
}

const module = import.meta.resolve("./encode_worker.ts");

/** The stage `encode` on several threads. Throws as `parallel` and `encode` do. */
export function encodeParallel(
  { workers, ...options }: ParallelEncoding & EncodeOptions,
): Stage<Document, Tokens> {
  return parallel({ module, group: "encodeStages", options: { ...options } }, { workers, name: "encode" });
}

/**
 * The ids of many texts, in order, as `encode` gives them: `Array.fromAsync` makes a list of them. Few are held at a
 * time. Throws as `loadTokenizer` and the tokenizer's `encode` do.
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
