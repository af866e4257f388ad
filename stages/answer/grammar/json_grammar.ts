/**
 * The grammar of JSON (RFC 8259), with limits that keep a model from writing digits or blanks without end.
 *
 * @module
 */
import { bytes, choice, type Grammar, literal, oneOf, reference, repeat, sequence } from "./grammar.ts";

/** Most digits before and after the point, most of an exponent, and most blanks of an indentation. */
const MOST_DIGITS = 16, MOST_EXPONENT = 2, MOST_INDENT = 16;

const tail = bytes([0x80, 0xbf]), digit = oneOf("0123456789"), hex = oneOf("0123456789abcdefABCDEF");
/** What follows `\u`: a character, or the two surrogates of one. */
const escape = choice(
  sequence(oneOf("0123456789abcefABCEF"), hex, hex, hex),
  sequence(oneOf("dD"), oneOf("01234567"), hex, hex),
  sequence(oneOf("dD"), oneOf("89abAB"), hex, hex, "\\u", oneOf("dD"), oneOf("cdefCDEF"), hex, hex),
);

/** One character of a string: plain, in well-formed UTF-8 (RFC 3629), or escaped. */
const character = choice(
  bytes([0x20, 0x21], [0x23, 0x5b], [0x5d, 0x7f]),
  sequence(bytes([0xc2, 0xdf]), tail),
  sequence(bytes([0xe0, 0xe0]), bytes([0xa0, 0xbf]), tail),
  sequence(bytes([0xe1, 0xec], [0xee, 0xef]), tail, tail),
  sequence(bytes([0xed, 0xed]), bytes([0x80, 0x9f]), tail),
  sequence(bytes([0xf0, 0xf0]), bytes([0x90, 0xbf]), tail, tail),
  sequence(bytes([0xf1, 0xf3]), tail, tail, tail),
  sequence(bytes([0xf4, 0xf4]), bytes([0x80, 0x8f]), tail, tail),
  sequence("\\", choice(oneOf('"\\/bfnrt'), sequence("u", escape))),
);

/** Blanks between tokens: none, one, or a line break with an indentation. */
export const blanks: Grammar = choice("", " ", sequence("\n", repeat(literal(" "), 0, MOST_INDENT)));

/** Returns the grammar of strings with this number of characters. */
export function stringGrammar(min = 0, max = Infinity): Grammar {
  return sequence('"', repeat(character, min, max), '"');
}

/** Strings. */
export const string: Grammar = stringGrammar();

/** Whole numbers. */
export const integer: Grammar = sequence(
  choice("", "-"),
  choice("0", sequence(oneOf("123456789"), repeat(digit, 0, MOST_DIGITS - 1))),
);

/** Numbers. */
export const number: Grammar = sequence(
  integer,
  choice("", sequence(".", repeat(digit, 1, MOST_DIGITS))),
  choice("", sequence(oneOf("eE"), choice("", "+", "-"), repeat(digit, 1, MOST_EXPONENT))),
);

/** Returns the grammar of lists. */
export function listGrammar(item: Grammar, min = 0, max = Infinity): Grammar {
  const items = sequence(
    blanks,
    item,
    repeat(sequence(",", blanks, item), Math.max(0, min - 1), max - 1),
    blanks,
  );
  if (max === 0) return literal("[]");
  return sequence("[", min > 0 ? items : choice("", items), "]");
}

/** Returns the grammar of lists of texts in JSON, each at most once. */
export function uniqueListGrammar(texts: readonly string[], min = 0, max = Infinity): Grammar {
  const known = new Map<string, Grammar>(), most = Math.min(max, texts.length);
  // What may follow, by the texts that are left.
  const rest = (left: readonly string[]): Grammar => {
    const key = left.join(), made = known.get(key), count = texts.length - left.length;
    if (made !== undefined) return made;
    const grammar = reference(() =>
      choice(
        ...count >= min ? [count === 0 ? literal("") : blanks] : [],
        ...count >= most
          ? []
          : left.map((text) =>
            sequence(count === 0 ? "" : ",", blanks, text, rest(left.filter((other) => other !== text)))
          ),
      )
    );
    known.set(key, grammar);
    return grammar;
  };
  return sequence("[", rest(texts), "]");
}

/** Returns the grammar of a member of an object. */
export function member(name: Grammar | string, value: Grammar): Grammar {
  return sequence(typeof name === "string" ? JSON.stringify(name) : name, ":", blanks, value);
}

/** Returns the grammar of objects with any names. */
export function mapGrammar(value: Grammar): Grammar {
  const one = member(string, value);
  return sequence("{", choice("", sequence(blanks, one, repeat(sequence(",", blanks, one)), blanks)), "}");
}

/** Any value. */
export const anyValue: Grammar = reference(() =>
  choice(anyObject, anyList, string, number, "true", "false", "null")
);
/** Any object. */
export const anyObject: Grammar = mapGrammar(anyValue);
/** Any list. */
export const anyList: Grammar = listGrammar(anyValue);
