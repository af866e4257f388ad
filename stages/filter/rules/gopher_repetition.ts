/**
 * Gopher's repetition rules: how much of a text consists of repeated paragraphs, lines and word n-grams.
 * Source: Rae et al. 2021 (arXiv 2112.11446), table A1; counting as in datatrove.
 *
 * @module
 */
import { rule, type Stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { NGrams } from "../words/ngrams.ts";
import { codePointCount, strip } from "../words/python_text.ts";
import { resolveRuleOptions, type RuleOptions, withDefaults } from "../recipe.ts";

/**
 * Thresholds of Gopher's repetition rules, as fractions. "Repeated" counts every occurrence after the first.
 * For paragraphs and lines, 0 switches a rule off; for n-grams, an empty list does.
 */
export interface GopherRepetitionOptions extends RuleOptions {
  /** Maximum fraction of paragraphs that are repeated (default 0.3). */
  readonly dupParaFrac?: number;
  /** Maximum fraction of characters in repeated paragraphs (default 0.2). */
  readonly dupParaCharFrac?: number;
  /** Maximum fraction of lines that are repeated (default 0.3). */
  readonly dupLineFrac?: number;
  /** Maximum fraction of characters in repeated lines (default 0.2). */
  readonly dupLineCharFrac?: number;
  /**
   * Maximum fraction of characters in all occurrences of the most frequent n-gram, for each `n` (default 2:
   * 0.2, 3: 0.18, 4: 0.16).
   */
  readonly topNGrams?: readonly (readonly [n: number, maxFraction: number])[];
  /** Maximum fraction of characters in repeated n-grams, for each `n` (default 5: 0.15, down to 10: 0.1). */
  readonly dupNGrams?: readonly (readonly [n: number, maxFraction: number])[];
}

/** Defaults of Gopher's repetition rules. */
export const gopherRepetitionDefaults: Required<Omit<GopherRepetitionOptions, keyof RuleOptions>> = {
  dupParaFrac: 0.30,
  dupParaCharFrac: 0.20,
  dupLineFrac: 0.30,
  dupLineCharFrac: 0.20,
  topNGrams: [[2, 0.20], [3, 0.18], [4, 0.16]],
  dupNGrams: [[5, 0.15], [6, 0.14], [7, 0.13], [8, 0.12], [9, 0.11], [10, 0.10]],
};

/**
 * Drops a document whose text repeats itself too much. The reason is the first rule that applies:
 * `dup_para_frac`, `dup_para_char_frac`, `dup_line_frac`, `dup_line_char_frac`, `top_2_gram` to `top_4_gram`,
 * `duplicated_5_n_grams` to `duplicated_10_n_grams`. Fractions of characters refer to the whole text, white
 * space included. Both versions have the same rules.
 *
 * @example
 * ```ts
 * import { from, gopherRepetition } from "@stagewise/gpt";
 *
 * const documents = [{ id: "1", text: "Buy now!\n".repeat(20) }];
 * const kept = await Array.fromAsync(from(documents).pipe(gopherRepetition()).stream());
 * console.log(kept.length); // 0
 * ```
 */
export function gopherRepetition(options: GopherRepetitionOptions = {}): Stage<Document, Document> {
  const { words } = resolveRuleOptions(options);
  const { dupParaFrac, dupParaCharFrac, dupLineFrac, dupLineCharFrac, topNGrams, dupNGrams } = withDefaults(
    options,
    gopherRepetitionDefaults,
  );
  return rule("gopher-repetition", ({ text }) => {
    const size = codePointCount(text);
    if (size === 0) return null; // other rules drop texts that are too short
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
    for (const [n, maxFraction] of topNGrams) {
      if (spaced.top(n) / size > maxFraction) return `top_${n}_gram`;
    }
    const dense = new NGrams(list, "");
    for (const [n, maxFraction] of dupNGrams) {
      if (dense.repeated(n) / size > maxFraction) return `duplicated_${n}_n_grams`;
    }
    return null;
  });
}

/** Returns the number of elements that equal an earlier element, and the total number of their characters. */
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
