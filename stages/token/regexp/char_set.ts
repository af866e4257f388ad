/**
 * Sets of characters in regular expressions, with Oniguruma's meaning of properties and classes.
 *
 * Source: kkos/oniguruma, doc/RE.
 *
 * @module
 */

/** Returns whether a code point is in a set. */
export type CodePointTest = (codePoint: number) => boolean;

const UNKNOWN = 0, OUTSIDE = 1, INSIDE = 2;

/** A set of code points. Results are stored, so that each code point is tested once. */
export class CharSet {
  // Parts of the array that are never written take no physical memory.
  readonly #known = new Uint8Array(0x110000);
  readonly #test: CodePointTest;

  /** The set of the code points for which `test` returns true. */
  constructor(test: CodePointTest) {
    this.#test = test;
  }

  /** Returns whether the set has the code point. */
  has(codePoint: number): boolean {
    const known = this.#known[codePoint];
    return known === UNKNOWN ? this.#find(codePoint) : known === INSIDE;
  }

  #find(codePoint: number): boolean {
    const inside = this.#test(codePoint);
    this.#known[codePoint] = inside ? INSIDE : OUTSIDE;
    return inside;
  }
}

/** Returns a test that matches what a JavaScript expression for one character matches. */
function expression(source: string): CodePointTest {
  const regExp = new RegExp(`^${source}$`, "u");
  return (codePoint) => regExp.test(String.fromCodePoint(codePoint));
}

const WORD = "[\\p{Alphabetic}\\p{M}\\p{N}\\p{Pc}]";

/** Tests of the escapes that stand for a class: `\d`, `\w`, `\s`, `\h`. */
export const escapedClasses: Readonly<Record<string, CodePointTest>> = {
  d: expression("\\p{Nd}"),
  w: expression(WORD),
  s: expression("\\p{White_Space}"),
  h: expression("[0-9A-Fa-f]"),
};

/** Source of the class `\w` of Rust's regular expressions, which the library uses in a few places. */
export const RUST_WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200C\\u200D";

/** Returns whether a code point is a word character in Rust's regular expressions. */
export const isRustWord: CodePointTest = expression(`[${RUST_WORD}]`);

/** Sources of POSIX brackets such as `[:alpha:]`, which `\p{Alpha}` names too. */
const POSIX: Readonly<Record<string, string>> = {
  alpha: "\\p{Alphabetic}",
  digit: "\\p{Nd}",
  alnum: "[\\p{Alphabetic}\\p{Nd}]",
  upper: "\\p{Uppercase}",
  lower: "\\p{Lowercase}",
  space: "\\p{White_Space}",
  blank: "[\\p{Zs}\\t]",
  punct: "[\\p{P}$+<=>^`|~]",
  cntrl: "\\p{Cc}",
  graph: "[^\\p{White_Space}\\p{Cc}\\p{Cn}\\p{Cs}]",
  print: "[[^\\p{White_Space}\\p{Cc}\\p{Cn}\\p{Cs}]\\p{Zs}]",
  word: WORD,
  xdigit: "[0-9A-Fa-f]",
  ascii: "\\p{ASCII}",
  any: "\\p{Any}",
};

/**
 * Returns the test of a property such as `L`, `Han` or `Alpha`, or null if there is none of that name. Case,
 * blanks, `-` and `_` do not count in names.
 */
export function property(name: string): CodePointTest | null {
  const plain = name.replace(/[\s_-]/g, "").toLowerCase();
  if (Object.hasOwn(POSIX, plain)) {
    const source = POSIX[plain];
    return source.startsWith("[[") ? vExpression(source) : expression(source);
  }
  const words = name.trim().split(/[\s_-]+/).map((word) =>
    word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()
  );
  const spellings = [name, words.join("_"), name.toUpperCase()];
  for (const source of spellings.flatMap((spelling) => [spelling, `Script=${spelling}`])) {
    if (!/^[\w=]+$/.test(source)) continue;
    try {
      return expression(`\\p{${source}}`);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return null;
}

function vExpression(source: string): CodePointTest {
  const regExp = new RegExp(`^${source}$`, "v");
  return (codePoint) => regExp.test(String.fromCodePoint(codePoint));
}

/** Returns a test that is true if `test` is true of a code point in any letter case. */
export function anyCase(test: CodePointTest): CodePointTest {
  return (codePoint) => {
    if (test(codePoint)) return true;
    const character = String.fromCodePoint(codePoint), upper = character.toUpperCase();
    return [character.toLowerCase(), upper, upper.toLowerCase()].some((other) => {
      const folded = other.codePointAt(0) ?? 0;
      return other.length === String.fromCodePoint(folded).length && test(folded);
    });
  };
}
