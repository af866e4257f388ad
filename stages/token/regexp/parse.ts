/**
 * Parses regular expressions in the syntax of Oniguruma, in which `tokenizer.json` writes them. Possessive
 * quantifiers, atomic groups, inline flags, nested classes and POSIX brackets are included; back references
 * and calls of groups are not, because no expression with them can be matched in linear time.
 *
 * @module
 */
import { anyCase, CharSet, type CodePointTest, escapedClasses, property } from "./char_set.ts";

/** How a repetition takes characters. */
export type Greed = "greedy" | "lazy" | "possessive";

/** An assertion about the place in the text. */
export type Place =
  | "text start"
  | "text end"
  | "last line end"
  | "line start"
  | "line end"
  | "word"
  | "no word";

/** A part of an expression. */
export type Node =
  | { readonly kind: "set"; readonly set: CharSet }
  | { readonly kind: "sequence"; readonly parts: readonly Node[] }
  | { readonly kind: "choice"; readonly options: readonly Node[] }
  | { readonly kind: "repeat"; readonly body: Node; readonly min: number; readonly max: number; greed: Greed }
  | { readonly kind: "look"; readonly body: Node; readonly behind: boolean; readonly negated: boolean }
  | { readonly kind: "atomic"; readonly body: Node }
  | { readonly kind: "place"; readonly place: Place };

const PLACES: Readonly<Record<string, Place>> = {
  A: "text start",
  z: "text end",
  Z: "last line end",
  b: "word",
  B: "no word",
};

const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27, 0: 0 };

const MOST_REPEATS = 1000; // copies of a group that a count such as {1000} may ask for
const DEEPEST = 100; // groups inside groups

/** Which dialect a source is written in. */
export interface ParseOptions {
  /**
   * Whether `{1,3}+` is a possessive quantifier, as in tiktoken's and Python's engines. In Oniguruma it
   * repeats `{1,3}`. Default false.
   */
  readonly possessiveCounts?: boolean;
}

/** Parses an expression. Throws SyntaxError with the place and the reason. */
export function parseRegExp(source: string, options: ParseOptions = {}): Node {
  return new Parser(source, options).whole();
}

class Parser {
  readonly #source: readonly string[]; // code points
  readonly #options: ParseOptions;
  #at = 0;
  #depth = 0;
  #ignoreCase = false;
  #dotAll = false;
  #extended = false;

  constructor(source: string, options: ParseOptions) {
    this.#source = [...source];
    this.#options = options;
  }

  whole(): Node {
    const node = this.#choice();
    if (this.#at < this.#source.length) throw this.#error("a group ends that did not begin");
    return node;
  }

  #choice(): Node {
    if (++this.#depth > DEEPEST) throw this.#error(`more than ${DEEPEST} groups inside each other`);
    const flags = [this.#ignoreCase, this.#dotAll, this.#extended];
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    [this.#ignoreCase, this.#dotAll, this.#extended] = flags;
    this.#depth--;
    return options.length === 1 ? options[0] : { kind: "choice", options };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#source.length && !"|)".includes(this.#source[this.#at])) {
      if (this.#extended && this.#skipBlank()) continue;
      const atom = this.#atom();
      if (atom !== null) parts.push(this.#repeated(atom));
    }
    return parts.length === 1 ? parts[0] : { kind: "sequence", parts };
  }

  #skipBlank(): boolean {
    const start = this.#at;
    while (/^\s$/.test(this.#source[this.#at] ?? "")) this.#at++;
    if (this.#source[this.#at] === "#") {
      while (this.#at < this.#source.length && this.#source[this.#at] !== "\n") this.#at++;
    }
    return this.#at > start;
  }

  /** Returns the next atom, or null for a comment or a change of flags. */
  #atom(): Node | null {
    const char = this.#source[this.#at++];
    switch (char) {
      case "(":
        return this.#group();
      case "[":
        return this.#set(this.#class());
      case ".": {
        const dotAll = this.#dotAll;
        return this.#set((codePoint) => dotAll || codePoint !== 10);
      }
      case "^":
        return { kind: "place", place: "line start" };
      case "$":
        return { kind: "place", place: "line end" };
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        this.#at--;
        throw this.#error(`${char} has nothing to repeat`);
      default:
        return this.#literal(char.codePointAt(0) ?? 0);
    }
  }

  #group(): Node | null {
    if (!this.#take("?")) return this.#groupEnd(this.#choice());
    if (this.#take("#")) {
      while (this.#at < this.#source.length && this.#source[this.#at] !== ")") this.#at++;
      this.#groupEnd(null);
      return null;
    }
    if (this.#take(":")) return this.#groupEnd(this.#choice());
    if (this.#take(">")) return this.#groupEnd({ kind: "atomic", body: this.#choice() });
    for (const [sign, behind, negated] of LOOKS) {
      if (this.#take(sign)) return this.#groupEnd({ kind: "look", body: this.#choice(), behind, negated });
    }
    const name = /^(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/.exec(this.#rest(80));
    if (name !== null) {
      this.#at += name[0].length;
      return this.#groupEnd(this.#choice());
    }
    const flags = /^([imsx]*)(?:-([imsx]+))?([:)])/.exec(this.#rest(20));
    if (flags === null) throw this.#error("this kind of group is not supported");
    this.#at += flags[0].length;
    const before = [this.#ignoreCase, this.#dotAll, this.#extended];
    this.#setFlags(flags[1], true);
    this.#setFlags(flags[2] ?? "", false);
    if (flags[3] === ")") {
      // As in Oniguruma, flags hold for the rest of the group, alternatives included.
      const options = [this.#sequence()];
      while (this.#take("|")) options.push(this.#sequence());
      return options.length === 1 ? options[0] : { kind: "choice", options };
    }
    const body = this.#choice();
    [this.#ignoreCase, this.#dotAll, this.#extended] = before;
    return this.#groupEnd(body);
  }

  #setFlags(names: string, on: boolean): void {
    for (const name of names) {
      if (name === "i") this.#ignoreCase = on;
      else if (name === "x") this.#extended = on;
      else this.#dotAll = on; // `m` in Ruby's syntax, `s` in others'
    }
  }

  #groupEnd<T extends Node | null>(node: T): T {
    if (!this.#take(")")) throw this.#error("expected )");
    return node;
  }

  #repeated(atom: Node): Node {
    let node = atom;
    for (;;) {
      const counts = this.#counts();
      if (counts === null) return node;
      const { min, max, braces } = counts;
      let greed: Greed = "greedy";
      if (this.#take("?")) greed = "lazy";
      else if ((!braces || this.#options.possessiveCounts === true) && this.#take("+")) greed = "possessive";
      if (node.kind === "place" || node.kind === "look") {
        if (min === 0) node = { kind: "sequence", parts: [] }; // an assertion that need not hold says nothing
        continue;
      }
      node = { kind: "repeat", body: node, min, max, greed };
    }
  }

  #counts(): { min: number; max: number; braces: boolean } | null {
    if (this.#take("*")) return { min: 0, max: Infinity, braces: false };
    if (this.#take("+")) return { min: 1, max: Infinity, braces: false };
    if (this.#take("?")) return { min: 0, max: 1, braces: false };
    const braces = /^\{(\d*)(,?)(\d*)\}/.exec(this.#rest(20));
    if (braces === null || braces[1] === "" && braces[3] === "") return null; // `{` is a character then
    this.#at += braces[0].length;
    const min = Number(braces[1]),
      max = braces[2] === "" ? min : braces[3] === "" ? Infinity : Number(braces[3]);
    if (min > max || min > MOST_REPEATS || max > MOST_REPEATS && max !== Infinity) {
      throw this.#error(`${braces[0]}: expected rising counts of at most ${MOST_REPEATS}`);
    }
    return { min, max, braces: true };
  }

  #escape(): Node {
    const char = this.#source[this.#at++];
    if (char === undefined) throw this.#error("the expression ends with \\");
    if (Object.hasOwn(PLACES, char)) return { kind: "place", place: PLACES[char] };
    if (char === "R") {
      const lineEnd = this.#set((c) => c >= 10 && c <= 13 || c === 0x85 || c === 0x2028 || c === 0x2029);
      const pair: Node = { kind: "sequence", parts: [this.#literal(13), this.#literal(10)] };
      return { kind: "atomic", body: { kind: "choice", options: [pair, lineEnd] } };
    }
    if (/[1-9kgGKX]/.test(char)) throw this.#error(`\\${char} is not supported`);
    this.#at--;
    return this.#set(this.#escapedTest());
  }

  /** Reads what follows a backslash, inside or outside of a class, as the test of one character. */
  #escapedTest(): CodePointTest {
    const char = this.#source[this.#at++];
    const test = Object.hasOwn(escapedClasses, char.toLowerCase())
      ? escapedClasses[char.toLowerCase()]
      : null;
    if (test !== null) return char === char.toLowerCase() ? test : (codePoint) => !test(codePoint);
    if (char === "p" || char === "P") return this.#property(char === "P");
    const codePoint = this.#escapedCodePoint(char);
    return (other) => other === codePoint;
  }

  #property(negated: boolean): CodePointTest {
    const match = /^\{(\^?)([^{}]+)\}/.exec(this.#rest(80)) ?? /^()([LMNPSZC])/.exec(this.#rest(1));
    const test = match === null ? null : property(match[2]);
    if (match === null || test === null) {
      throw this.#error(`the property ${match?.[2] ?? "after \\p"} is not known`);
    }
    this.#at += match[0].length;
    const outside = negated !== (match[1] === "^");
    return outside ? (codePoint) => !test(codePoint) : test;
  }

  #escapedCodePoint(char: string): number {
    if (Object.hasOwn(CONTROLS, char)) return CONTROLS[char];
    const hex = char === "x"
      ? /^(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{1,2}))/.exec(this.#rest(8))
      : char === "u"
      ? /^(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{4}))/.exec(this.#rest(8))
      : undefined;
    if (hex === undefined) return char.codePointAt(0) ?? 0;
    const codePoint = hex === null ? Infinity : Number.parseInt(hex[1] ?? hex[2], 16);
    if (hex === null || codePoint > 0x10FFFF) throw this.#error(`\\${char} needs hexadecimal digits`);
    this.#at += hex[0].length;
    return codePoint;
  }

  /** Reads a class after its `[`. */
  #class(): CodePointTest {
    if (++this.#depth > DEEPEST) throw this.#error(`more than ${DEEPEST} classes inside each other`);
    const negated = this.#take("^"), operands: CodePointTest[][] = [[]];
    for (let first = true;; first = false) {
      const char = this.#source[this.#at++];
      if (char === undefined) throw this.#error("expected ]");
      if (char === "]" && !first) break;
      if (char === "&" && this.#source[this.#at] === "&") {
        this.#at++;
        operands.push([]);
      } else {
        operands[operands.length - 1].push(this.#classItem(char));
      }
    }
    this.#depth--;
    const folds = this.#ignoreCase, tests = operands.map((items) => folds ? items.map(anyCase) : items);
    return (codePoint) => tests.every((items) => items.some((test) => test(codePoint))) !== negated;
  }

  #classItem(char: string): CodePointTest {
    if (char === "[") {
      const posix = /^:(\^?)(\w+):\]/.exec(this.#rest(20));
      if (posix === null) return this.#class();
      const test = property(posix[2]);
      if (test === null) throw this.#error(`the class [:${posix[2]}:] is not known`);
      this.#at += posix[0].length;
      return posix[1] === "^" ? (codePoint) => !test(codePoint) : test;
    }
    if (char === "\\" && /[dwshpDWSHP]/.test(this.#source[this.#at] ?? "")) return this.#escapedTest();
    const from = this.#classCodePoint(char);
    const next = this.#source[this.#at + 1];
    if (this.#source[this.#at] !== "-" || next === undefined || next === "]" || next === "[") {
      return (codePoint) => codePoint === from;
    }
    if (next === "\\" && /[dwshpDWSHP]/.test(this.#source[this.#at + 2] ?? "")) {
      return (codePoint) => codePoint === from; // as in [+-\d], in which - is a character
    }
    this.#at++;
    const to = this.#classCodePoint(this.#source[this.#at++]);
    if (to < from) throw this.#error("a range of a class ends before it begins");
    return (codePoint) => codePoint >= from && codePoint <= to;
  }

  #classCodePoint(char: string): number {
    if (char !== "\\") return char.codePointAt(0) ?? 0;
    const escaped = this.#source[this.#at++];
    if (escaped === undefined) throw this.#error("the expression ends with \\");
    return escaped === "b" ? 8 : this.#escapedCodePoint(escaped);
  }

  #literal(codePoint: number): Node {
    return this.#set((other) => other === codePoint);
  }

  #set(test: CodePointTest): Node {
    return { kind: "set", set: new CharSet(this.#ignoreCase ? anyCase(test) : test) };
  }

  #take(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.#source[this.#at + i] !== text[i]) return false;
    this.#at += text.length;
    return true;
  }

  #rest(length: number): string {
    return this.#source.slice(this.#at, this.#at + length).join("");
  }

  #error(why: string): SyntaxError {
    return new SyntaxError(`Cannot read the regular expression at character ${this.#at}: ${why}`);
  }
}

const LOOKS: readonly (readonly [sign: string, behind: boolean, negated: boolean])[] = [
  ["<=", true, false],
  ["<!", true, true],
  ["=", false, false],
  ["!", false, true],
];
