/**
 * The two sets of marks that FineWeb's rules speak of, as datatrove defines them.
 *
 * @module
 */

// Unicode 15's Sentence_Terminal with three Khmer signs, without what datatrove's list lacks: 159 marks.
const terminal =
  /^[[\p{Sentence_Terminal}\u17d6\u17d9\u17da]--[\u1b4e\u1b4f\u1b7f\u2024\u2cf9-\u2cfb\ufe12\ufe15\ufe16\u{113d4}\u{113d5}\u{16d6e}\u{16d6f}]]$/v;
const common = "«´»–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～"; // its list holds a full-width 1
const symbol = new RegExp(`^[!-/:-@\\[-\`{-~${common}\\p{Cc}]$`, "u"); // with ASCII punctuation and controls

/** Whether a code point ends a sentence in some script. Quotes do not. */
export function isSentenceTerminal(mark: string): boolean {
  return terminal.test(mark);
}

/** Whether a code point is punctuation or a control, tab and line feed aside, to the `release` generation. */
export function isPunctuation(mark: string): boolean {
  return symbol.test(mark) && mark !== "\t" && mark !== "\n";
}

/** A string's last code point, "" of an empty one. */
export function lastCodePoint(text: string): string {
  const last = text.slice(-1);
  const pair = /[\udc00-\udfff]/.test(last) && text.length > 1;
  return pair ? text.slice(-2) : last;
}
