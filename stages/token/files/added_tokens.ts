/**
 * The special tokens in Hugging Face's `tokenizer.json`.
 *
 * @module
 */

/** Returns the list `added_tokens` for special tokens, which are matched as they are written. */
export function addedTokens(special: ReadonlyMap<string, number>): readonly object[] {
  return [...special].map(([content, id]) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
}
