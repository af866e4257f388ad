/**
 * Quotes the words of commands that are printed for users to type.
 *
 * @module
 */

/** Returns a word as it is typed in a shell, quoted where necessary. */
export function shellWord(text: string): string {
  if (/^[\w./:@%+=,-]+$/.test(text)) return text;
  return /["$`\\!]/.test(text) ? `'${text.replaceAll("'", `'\\''`)}'` : `"${text}"`;
}
