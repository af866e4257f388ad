/**
 * Splits command lines as they are printed for users.
 *
 * @module
 */

/** Splits a line into words as a shell does: blanks, quotes, backslashes, and `\` before a line's end. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (const [piece] of line.matchAll(/\s+|'[^']*'|"(?:\\[\s\S]|[^"\\])*"|\\[\s\S]|[^\s'"\\]+/g)) {
    if (/^\s/.test(piece)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (piece !== "\\\n") {
      word = (word ?? "") + unquoted(piece);
    }
  }
  return word === null ? words : [...words, word];
}

function unquoted(piece: string): string {
  if (piece.startsWith("'")) return piece.slice(1, -1);
  if (piece.startsWith('"')) return piece.slice(1, -1).replace(/\\([\\"$`])/g, "$1");
  return piece.replace(/^\\/, "");
}
