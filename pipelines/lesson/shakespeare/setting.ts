/**
 * What the lesson's sections share.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { Corpus } from "./corpus.ts";

/** A lesson's run. */
export interface Setting {
  readonly corpus: Corpus;
  readonly engine: Engine;
  readonly seed: number;
  readonly full: boolean;
  /** As `LessonEnv.unlike`. */
  reasonToDiffer(needs?: { readonly full?: boolean }): string | null;
}
