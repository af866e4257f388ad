/**
 * Finds the e-mail addresses that datatrove's pattern matches: words of letters, digits and symbols joined by
 * dots, "@", and a host of at least two labels or an address in brackets. As a regular expression, the
 * pattern backtracks in quadratic time over a long word with many dots. Searching from each "@" in both
 * directions takes linear time.
 *
 * Source: datatrove's PII formatter, whose pattern is RFC 5322's without quoted names.
 *
 * @module
 */
import type { RecipeGeneration } from "../recipe.ts";

const signs = "!#$%&'*+/=?^_`{|}~-";
const octet = "25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?";
const wordCharacter = /[\p{L}\p{N}_]/u;

/**
 * Finder of e-mail addresses. With the rules of the version `release`, it finds only addresses in lower case.
 */
export class EmailAddresses {
  /** For each ASCII code, 1 if the character may occur in a label of a host. */
  readonly #host = new Uint8Array(128);
  /** For each ASCII code, 1 if the character may occur in the name before the "@". */
  readonly #name = new Uint8Array(128);
  readonly #bracketed: RegExp;

  constructor(recipe: RecipeGeneration) {
    const letters = recipe === "release" ? "a-z0-9" : "A-Za-z0-9";
    const letter = new RegExp(`[${letters}]`);
    for (let code = 0; code < 128; code++) {
      const character = String.fromCharCode(code);
      this.#host[code] = letter.test(character) ? 1 : 0;
      this.#name[code] = letter.test(character) || signs.includes(character) ? 1 : 0;
    }
    this.#bracketed = new RegExp(
      `\\[(?:(?:${octet})\\.){3}(?:${octet}|[${letters}-]*[${letters}]:)\\]`,
      "y",
    );
  }

  /**
   * Returns the text with each address replaced by a value of `replacement`, which is called in order of
   * occurrence.
   */
  replace(text: string, replacement: () => string): string {
    let out = "";
    let from = 0;
    for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
      const start = this.#start(text, at, from);
      if (start < 0) continue;
      const end = this.#end(text, at + 1);
      if (end < 0) continue;
      out += text.slice(from, start) + replacement();
      from = end;
    }
    return from === 0 ? text : out + text.slice(from);
  }

  /**
   * Returns the index at which the name before the "@" at index `at` begins, or -1 if there is no name. It is
   * the first word boundary at or after `from` in the sequence of name characters and single dots before the
   * "@".
   */
  #start(text: string, at: number, from: number): number {
    let first = at;
    while (first > from && this.#isName(text, first - 1)) {
      first--;
      const joined = first - 1 > from && text[first - 1] === "." && this.#isName(text, first - 2);
      if (joined) first--;
    }
    for (let i = first; i < at; i++) if (text[i] !== "." && isBoundary(text, i)) return i;
    return -1;
  }

  /** Returns the index after the host that begins at index `i`, or -1 if there is no host. */
  #end(text: string, i: number): number {
    if (text[i] === "[") {
      this.#bracketed.lastIndex = i;
      return this.#bracketed.test(text) ? this.#bracketed.lastIndex : -1;
    }
    let end = -1;
    for (let label = i, labels = 1;; labels++) {
      if (!this.#isHost(text, label)) return end;
      let next = label, last = label;
      for (; this.#isHost(text, next) || text[next] === "-"; next++) if (text[next] !== "-") last = next;
      if (labels > 1) end = last + 1;
      if (text[next] !== "." || last !== next - 1) return end;
      label = next + 1;
    }
  }

  #isName(text: string, i: number): boolean {
    return this.#name[text.charCodeAt(i)] === 1;
  }

  #isHost(text: string, i: number): boolean {
    return this.#host[text.charCodeAt(i)] === 1;
  }
}

/** Returns whether there is a word boundary before index `i`, as Python's \b defines it. */
function isBoundary(text: string, i: number): boolean {
  return isWord(text, i) !== (i > 0 && isWord(text, i - 1));
}

function isWord(text: string, i: number): boolean {
  const unit = text.charCodeAt(i);
  const second = unit >= 0xDC00 && unit < 0xE000 && i > 0;
  const code = second ? text.codePointAt(i - 1)! : unit;
  return wordCharacter.test(String.fromCodePoint(code));
}
