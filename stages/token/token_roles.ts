/**
 * Which tokens begin and end texts.
 *
 * @module
 */

/** Ids of tokens that have a role, as the files beside a tokenizer name them. */
export interface TokenRoles {
  /** Ids that end a text; the first of them separates documents. */
  readonly eos: readonly number[];
  /** Id that begins a text, or null. */
  readonly bos: number | null;
  /** Id of unknown text, or null. */
  readonly unk: number | null;
}

/** The roles of a tokenizer whose files name none. */
export const NO_ROLES: TokenRoles = { eos: [], bos: null, unk: null };
