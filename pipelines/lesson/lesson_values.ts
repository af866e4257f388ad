/**
 * Values of the options that all lessons have.
 *
 * @module
 */

/** Values of the options that all lessons have. */
export interface LessonValues {
  /** Path or URI of the data; null for the data installed with the program. */
  readonly source: string | null;
  /** Whether to run at the lecture's full length. */
  readonly full: boolean;
  /** Name of the exercise whose solution is run instead of the lesson; null for the lesson itself. */
  readonly solution: string | null;
  /** Seed of the random numbers; default: the lecture's seed. */
  readonly seed: number;
  /** Whether to print only the checks. */
  readonly quiet: boolean;
  /** Whether to print JSON events instead of text. */
  readonly json: boolean;
  /** Whether colours are allowed. */
  readonly color: boolean;
}
