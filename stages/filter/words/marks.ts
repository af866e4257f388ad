/**
 * The two sets of punctuation marks that FineWeb's rules use, as datatrove defines them.
 *
 * @module
 */

// datatrove's list of 159 marks: Unicode's Sentence_Terminal property plus three Khmer signs, minus some
// marks that datatrove does not list.
const terminal =
  /^[[\p{Sentence_Terminal}\u17d6\u17d9\u17da]--[\u1b4e\u1b4f\u1b7f\u2024\u2cf9-\u2cfb\ufe12\ufe15\ufe16\u{113d4}\u{113d5}\u{16d6e}\u{16d6f}]]$/v;
const common = "«´»–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～"; // has a full-width 1, as in datatrove
const symbol = new RegExp(`^[!-/:-@\\[-\`{-~${common}\\p{Cc}]$`, "u"); // also ASCII marks and control codes

/** Returns whether a code point ends a sentence in any script. Quotation marks do not. */
export function isSentenceTerminal(mark: string): boolean {
  return terminal.test(mark);
}

/**
 * Returns whether datatrove's list contains a code point: punctuation, and control characters other than tab
 * and line feed.
 */
export function isPunctuation(mark: string): boolean {
  return symbol.test(mark) && mark !== "\t" && mark !== "\n";
}

/** Returns the last code point of a string, or "" for an empty string. */
export function lastCodePoint(text: string): string {
  const last = text.slice(-1);
  const pair = /[\udc00-\udfff]/.test(last) && text.length > 1;
  return pair ? text.slice(-2) : last;
}
