/**
 * The options that every lesson has, as values.
 *
 * @module
 */

/** Values of the options that every lesson has beside its own. */
export interface LessonValues {
  /** Path or URI of the data; null: the data that is installed with the program. */
  readonly source: string | null;
  /** Whether to run at the lecture's full length. */
  readonly full: boolean;
  /** Exercise whose solution is run instead of the lesson; null: the lesson itself. */
  readonly solution: string | null;
  /** Seed of the random numbers; default: the lecture's. */
  readonly seed: number;
  /** Whether to print checks only. */
  readonly quiet: boolean;
  /** Whether to print JSON events instead of text. */
  readonly json: boolean;
  /** Whether colours are allowed. */
  readonly color: boolean;
}
