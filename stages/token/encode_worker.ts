/**
 * The stages that run in each worker when texts are encoded in parallel, made from options that can be sent
 * to a worker.
 *
 * @module
 */
import { type Stage, stage } from "../flow/stage.ts";
import type { Document, Tokens } from "../items.ts";
import { encode, type EncodeOptions } from "./encode.ts";
import type { SpecialOptions } from "./special.ts";
import { loadTokenizer } from "./load_tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** The tokenizer to load in the worker. */
interface TokenizerName {
  /** A name or path for `loadTokenizer`. */
  readonly tokenizer: string;
}

/** Returns the stage `encode`, from documents to ids. */
export function encodeStages(
  { tokenizer, ...options }: TokenizerName & EncodeOptions,
): Stage<Document, Tokens>[] {
  return [encode(tokenizer, options)];
}

/** Returns a stage that calls the tokenizer's `encode` for each text. */
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
