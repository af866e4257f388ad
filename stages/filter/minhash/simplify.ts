/**
 * Simplifies a text before MinHash compares it: converts it to lower case, replaces numbers by 0, removes
 * punctuation and accents, and leaves only single spaces. Source: both versions of datatrove's simplify_text.
 *
 * @module
 */
import { isPunctuation } from "../words/marks.ts";
import { spacePattern, strip } from "../words/python_text.ts";
import type { RecipeGeneration } from "../recipe.ts";

// All punctuation marks in datatrove's list are single UTF-16 units, so testing every unit finds them all.
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
 * The simplified text. `current` treats 3.14 as one number and replaces punctuation marks by spaces.
 * `release` first deletes punctuation marks, which joins the words around them, and then replaces each run of
 * digits by 0.
 */
export function simplify(text: string, recipe: RecipeGeneration): string {
  const lower = text.toLowerCase();
  if (recipe === "release") {
    return strip(plain(strip(lower).replace(spaces, " ").replace(mark, "")).replace(digits, "0"));
  }
  const spaced = lower.replace(number, "0").replace(mark, " ");
  return strip(plain(strip(spaced).replace(spaces, " ")));
}

/** Returns the text without accents on its letters. */
function plain(text: string): string {
  return ascii.test(text) ? text : text.normalize("NFD").replace(accents, "");
}
