/**
 * Inputs that the sections of the lesson share.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { Corpus } from "./corpus.ts";

/** Text, engine and options of a run of the lesson. */
export interface ShakespeareInputs {
  readonly corpus: Corpus;
  readonly engine: Engine;
  /** Random seed of weights, batches and generated text. */
  readonly seed: number;
  /** Whether models are trained for the lecture's number of steps. */
  readonly full: boolean;
  /** Returns why values may differ from the lecture's. It is the same function as in `LessonEnv`. */
  reasonToDiffer(needs?: { readonly full?: boolean }): string | null;
}

/**
 * Returns why parameter counts may differ from the lecture's, or null for a text with the same number of
 * symbols.
 */
export function alphabetReason({ tokenizer: { vocabSize } }: Corpus): string | null {
  return vocabSize === 65 ? null : "another alphabet";
}
