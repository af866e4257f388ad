/**
 * Multiple-choice items: a text and its possible endings.
 *
 * @module
 */

/** A text and several endings, one of which is right. */
export interface MultipleChoice {
  /** The text. */
  readonly context: string;
  /** Two or more endings. */
  readonly endings: readonly string[];
  /** Index of the right ending. */
  readonly label: number;
}
