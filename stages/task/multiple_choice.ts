/**
 * What a model is asked: a task is its data and its judge.
 *
 * @module
 */

/** A text and several ways in which it may go on, one of them right. */
export interface MultipleChoice {
  /** The text. */
  readonly context: string;
  /** Two or more. */
  readonly endings: readonly string[];
  /** Index of the right ending. */
  readonly label: number;
}
