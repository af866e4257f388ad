/**
 * Finds e-mail addresses as datatrove's pattern does: words of letters, digits and signs, joined by dots, "@", and a
 * host of two labels or more or an address in brackets. A regular expression for it goes back over a long word of dots
 * once for each place in it; this looks from each "@" to both sides, so it passes over a text once.
 *
 * Source: datatrove's PII formatter, whose pattern is RFC 5322's without quoted names.
 *
 * @module
 */
import type { RecipeGeneration } from "../recipe.ts";

const signs = "!#$%&'*+/=?^_`{|}~-";
const octet = "25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?";
const wordCharacter = /[\p{L}\p{N}_]/u;

/** Finds addresses; at its release FineWeb knew only those in lower case. */
export class EmailAddresses {
  /** By character code: what a host's label is made of, and what a name is. */
  readonly #host = new Uint8Array(128);
  readonly #name = new Uint8Array(128);
  readonly #bracketed: RegExp;

  constructor(recipe: RecipeGeneration) {
    const letters = recipe === "release" ? "a-z0-9" : "A-Za-z0-9";
    const one = new RegExp(`[${letters}]`);
    for (let code = 0; code < 128; code++) {
      const mark = String.fromCharCode(code);
      this.#host[code] = one.test(mark) ? 1 : 0;
      this.#name[code] = one.test(mark) || signs.includes(mark) ? 1 : 0;
    }
    this.#bracketed = new RegExp(
      `\\[(?:(?:${octet})\\.){3}(?:${octet}|[${letters}-]*[${letters}]:)\\]`,
      "y",
    );
  }

  /** The text with each address replaced by what `put` gives, in order. */
  replace(text: string, put: () => string): string {
    let out = "";
    let from = 0;
    for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
      const start = this.#start(text, at, from);
      if (start < 0) continue;
      const end = this.#end(text, at + 1);
      if (end < 0) continue;
      out += text.slice(from, start) + put();
      from = end;
    }
    return from === 0 ? text : out + text.slice(from);
  }

  /** Where the name before `at` begins: the first place from `from` on that is the edge of a word. -1: there is none. */
  #start(text: string, at: number, from: number): number {
    let first = at;
    while (first > from && this.#isName(text, first - 1)) {
      first--;
      const joined = first - 1 > from && text[first - 1] === "." && this.#isName(text, first - 2);
      if (joined) first--;
    }
    for (let i = first; i < at; i++) if (text[i] !== "." && isEdge(text, i)) return i;
    return -1;
  }

  /** Where the host that begins at `i` ends, -1: there is none. */
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

/** Whether a word begins or ends before place i, as Python's \b has it. */
function isEdge(text: string, i: number): boolean {
  return isWord(text, i) !== (i > 0 && isWord(text, i - 1));
}

function isWord(text: string, i: number): boolean {
  const unit = text.charCodeAt(i);
  const second = unit >= 0xDC00 && unit < 0xE000 && i > 0;
  const code = second ? text.codePointAt(i - 1)! : unit;
  return wordCharacter.test(String.fromCodePoint(code));
}
