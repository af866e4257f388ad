/**
 * Gopher's repetition rules: how much of a text says the same again, in paragraphs, lines and word n-grams.
 * Source: Rae et al. 2021 (arXiv 2112.11446), table A1; counting as in datatrove.
 *
 * @module
 */
import { rule, type Stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { NGrams } from "../words/ngrams.ts";
import { codePointCount, strip } from "../words/python_text.ts";
import { resolveRuleOptions, type RuleOptions } from "../recipe.ts";

/** Greatest fractions a text may have; of pairs, first the n of the n-gram. 0 switches a rule off. */
export interface GopherRepetitionOptions extends RuleOptions {
  /** Of paragraphs (default 0.3). */
  readonly dupParaFrac?: number;
  /** Of characters, in repeated paragraphs (default 0.2). */
  readonly dupParaCharFrac?: number;
  /** Of lines (default 0.3). */
  readonly dupLineFrac?: number;
  /** Of characters, in repeated lines (default 0.2). */
  readonly dupLineCharFrac?: number;
  /** Of characters, in the most frequent n-gram (default 0.2 for 2, 0.18 for 3, 0.16 for 4). */
  readonly topNGrams?: readonly (readonly [n: number, most: number])[];
  /** Of characters, in repeated n-grams (default 0.15 for 5, down to 0.1 for 10). */
  readonly dupNGrams?: readonly (readonly [n: number, most: number])[];
}

/**
 * Drops a document whose text repeats itself too much. Reasons, the first that holds: `dup_para_frac`,
 * `dup_para_char_frac`, `dup_line_frac`, `dup_line_char_frac`, `top_2_gram` to `top_4_gram`,
 * `duplicated_5_n_grams` to `duplicated_10_n_grams`. Fractions of characters are of the whole text, white space
 * included. Both generations judge alike.
 */
export function gopherRepetition(options: GopherRepetitionOptions = {}): Stage<Document, Document> {
  const { words } = resolveRuleOptions(options);
  const {
    dupParaFrac = 0.30,
    dupParaCharFrac = 0.20,
    dupLineFrac = 0.30,
    dupLineCharFrac = 0.20,
    topNGrams = [[2, 0.20], [3, 0.18], [4, 0.16]],
    dupNGrams = [[5, 0.15], [6, 0.14], [7, 0.13], [8, 0.12], [9, 0.11], [10, 0.10]],
  } = options;
  return rule("gopher-repetition", ({ text }) => {
    const size = codePointCount(text);
    if (size === 0) return null; // nothing is repeated; other rules drop what is too short
    const paragraphs = strip(text).split(/\n{2,}/);
    const para = countDuplicates(paragraphs);
    if (dupParaFrac && para.count / paragraphs.length > dupParaFrac) return "dup_para_frac";
    if (dupParaCharFrac && para.characters / size > dupParaCharFrac) return "dup_para_char_frac";
    const lines = text.split(/\n+/);
    const line = countDuplicates(lines);
    if (dupLineFrac && line.count / lines.length > dupLineFrac) return "dup_line_frac";
    if (dupLineCharFrac && line.characters / size > dupLineCharFrac) return "dup_line_char_frac";
    const list = words(text);
    const spaced = new NGrams(list, " ");
    for (const [n, most] of topNGrams) {
      if (spaced.top(n) / size > most) return `top_${n}_gram`;
    }
    const dense = new NGrams(list, "");
    for (const [n, most] of dupNGrams) {
      if (dense.repeated(n) / size > most) return `duplicated_${n}_n_grams`;
    }
    return null;
  });
}

/** Elements after the first of their kind: how many, and how many characters in them. */
export function countDuplicates(elements: readonly string[]): { count: number; characters: number } {
  const seen = new Set<string>();
  let count = 0;
  let characters = 0;
  for (const element of elements) {
    if (seen.has(element)) {
      count++;
      characters += codePointCount(element);
    } else {
      seen.add(element);
    }
  }
  return { count, characters };
}
