/**
 * Added tokens in Hugging Face's `tokenizer.json`.
 *
 * @module
 */

/** Returns the entry of a token that is matched as it is written. */
export function addedToken(
  { id, content, special = true }: {
    readonly id: number;
    readonly content: string;
    /** Whether the token is special (default true). */
    readonly special?: boolean;
  },
): object {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special };
}

/** Returns the list `added_tokens` for special tokens. */
export function addedTokens(special: ReadonlyMap<string, number>): readonly object[] {
  return [...special].map(([content, id]) => addedToken({ id, content }));
}
