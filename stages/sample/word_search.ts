/**
 * Searches a long text for a few words. Memory is bounded by the words that are wanted, not by the text.
 *
 * @module
 */
import { comparable, dividesWords, isAsciiLetter, wordsOf } from "./words.ts";

/** Longest text without a gap between words that is held until its end, in UTF-16 code units. */
const MAX_HELD = 1 << 16;

/** The words that have not been found yet in a text that arrives in pieces. */
export class WordSearch {
  readonly #missing: Set<string>;
  #held = ""; // the beginning of a word, whose end has not arrived

  /** `words` are those to find, as `wordsOf()` returns them. */
  constructor(words: Iterable<string>) {
    this.#missing = new Set(words);
  }

  /** The words that have not been found. */
  get missing(): ReadonlySet<string> {
    return this.#missing;
  }

  /** Searches the next piece of the text, which must consist of whole characters. */
  push(piece: string): void {
    const text = this.#held + comparable(piece);
    let end = text.length;
    while (end > 0 && !dividesWords(text.charCodeAt(end - 1))) end--;
    if (end === 0 && text.length > MAX_HELD) end = text.length;
    this.#held = text.slice(end);
    this.#search(text.slice(0, end));
  }

  /** Searches the end of the text: its last word is complete. */
  end(): void {
    this.#search(this.#held);
    this.#held = "";
  }

  #search(text: string): void {
    for (const word of this.#missing) if (hasWord(text, word)) this.#missing.delete(word);
  }
}

/**
 * Returns whether a word is among `wordsOf(text)`. Only the surroundings of places with the same letters are
 * divided into words, because dividing all of a text takes much longer.
 */
function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0;) {
    let start = at, end = at + word.length;
    if (areOneWord(text, start) || areOneWord(text, end)) {
      at = text.indexOf(word, at + 1);
      continue;
    }
    while (start > 0 && !dividesWords(text.charCodeAt(start - 1))) start--;
    while (end < text.length && !dividesWords(text.charCodeAt(end))) end++;
    if (wordsOf(text.slice(start, end)).includes(word)) return true;
    at = text.indexOf(word, end);
  }
  return false;
}

/** Returns whether the letters before and after index `at` certainly belong to the same word. */
function areOneWord(text: string, at: number): boolean {
  return at > 0 && at < text.length && isAsciiLetter(text.charCodeAt(at - 1)) &&
    isAsciiLetter(text.charCodeAt(at));
}
