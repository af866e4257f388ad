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
  /** Seed of weights, batches and generated text. */
  readonly seed: number;
  /** Whether models are trained for the lecture's number of steps. */
  readonly full: boolean;
  /** Why values need not equal the lecture's; the same as in `LessonEnv`. */
  reasonToDiffer(needs?: { readonly full?: boolean }): string | null;
}

/** Why parameter counts need not be those for the lecture's text; null for a text with as many symbols. */
export function alphabetReason({ tokenizer: { vocabSize } }: Corpus): string | null {
  return vocabSize === 65 ? null : "another alphabet";
}
