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

/**
 * Splits a text into words as a shell does: at blanks, except between quotes. Throws RangeError for a quote
 * that is not closed.
 */
export function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  for (const [, part] of text.matchAll(/((?:[^\s'"]|'[^']*'|"[^"]*"|['"])+)/g)) {
    const bare = part.replace(/'([^']*)'|"([^"]*)"/g, (_, single = "", double = "") => single + double);
    if (/['"]/.test(part.replace(/'[^']*'|"[^"]*"/g, ""))) {
      throw new RangeError(`Cannot read ${text}: a quote is not closed`);
    }
    words.push(bare);
  }
  return words;
}
