/**
 * Patterns in `tokenizer.json`: a literal text or a regular expression.
 *
 * @module
 */
import type { JsonField } from "./json_field.ts";
import { isNullable } from "../regexp/compile.ts";
import { parseRegExp } from "../regexp/parse.ts";
import { type Matches, regExpMatches } from "../split/matches.ts";

/** Reads `{ "String": … }` or `{ "Regex": … }`. Throws SyntaxError with the field. */
export function textPattern(field: JsonField): Matches {
  field.only(["String", "Regex"]);
  const literal = field.at("String");
  if (!literal.isNull) return literalMatches(literal.string());
  const source = field.at("Regex");
  try {
    return regExpMatches(source.string());
  } catch (cause) {
    if (!(cause instanceof SyntaxError) || source.isNull) throw cause;
    throw source.refuse(cause.message, cause);
  }
}

/** Returns whether a pattern that `textPattern` has read can match the empty text. */
export function matchesEmpty(field: JsonField): boolean {
  const literal = field.at("String");
  return literal.isNull ? isNullable(parseRegExp(field.at("Regex").string())) : literal.string() === "";
}

/** Returns the function that finds the places of a literal text. */
export function literalMatches(literal: string): Matches {
  if (literal === "") return regExpMatches(""); // between all characters
  return function* (text) {
    for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + literal.length)) {
      yield [at, at + literal.length];
    }
  };
}
