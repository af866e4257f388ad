/**
 * A text as MinHash compares it: lower case, numbers as 0, no punctuation, no accents, single spaces.
 * Source: datatrove's simplify_text, in both generations.
 *
 * @module
 */
import { isPunctuation } from "../words/marks.ts";
import { spacePattern, strip } from "../words/python_text.ts";
import type { RecipeGeneration } from "../recipe.ts";

// Every mark of the set is one UTF-16 unit, so the units say which they are.
const marks = Array.from({ length: 65536 }, (_, unit) => String.fromCharCode(unit)).filter(isPunctuation);
const mark = new RegExp(
  `[${marks.map((m) => `\\u${m.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}]`,
  "g",
);
const spaces = new RegExp(spacePattern, "g");
const number = /\p{Nd}+(?:[.,،٫⎖⎗⎘]\p{Nd}+)?/gu;
const digits = /\p{Nd}+/gu;
const accents = /\p{Mn}+/gu;
const ascii = /^[\0-\x7f]*$/;

/**
 * The text simplified. `current` reads 3.14 as one number and puts a space for a punctuation mark; `release`
 * deletes the mark, so words that it held apart become one, and reads a row of digits as a number only after
 * that.
 */
export function simplify(text: string, recipe: RecipeGeneration): string {
  const lower = text.toLowerCase();
  if (recipe === "release") {
    return strip(plain(strip(lower).replace(spaces, " ").replace(mark, "")).replace(digits, "0"));
  }
  const spaced = lower.replace(number, "0").replace(mark, " ");
  return strip(plain(strip(spaced).replace(spaces, " ")));
}

/** Letters without their accents. */
function plain(text: string): string {
  return ascii.test(text) ? text : text.normalize("NFD").replace(accents, "");
}
