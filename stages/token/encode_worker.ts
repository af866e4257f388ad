/**
 * Encoding as lists of stages told by plain data: what runs in each worker of a parallel flow.
 *
 * @module
 */
import { type Stage, stage } from "../flow/stage.ts";
import type { Document, Tokens } from "../items.ts";
import { encode, type EncodeOptions } from "./encode.ts";
import type { SpecialOptions } from "./special.ts";
import { loadTokenizer } from "./load_tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Which tokenizer, by the name or path that `loadTokenizer` takes. */
interface TokenizerName {
  readonly tokenizer: string;
}

/** The stage `encode`. */
export function encodeStages(
  { tokenizer, ...options }: TokenizerName & EncodeOptions,
): Stage<Document, Tokens>[] {
  return [encode(tokenizer, options)];
}

/** A stage from texts to ids, as the tokenizer's `encode` makes them. */
export function encodeTextStages(
  { tokenizer, ...options }: TokenizerName & SpecialOptions,
): Stage<string, Uint32Array>[] {
  return [stage<string, Uint32Array, Tokenizer>({
    name: "encode texts",
    open: () => loadTokenizer(tokenizer),
    push: (text, state) => [state.encode(text, options)],
    save: () => null,
  })];
}
