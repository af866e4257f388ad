/**
 * FineWeb's own quality rules: lines without final punctuation, short lines, repeated lines, lists.
 * Source: Penedo et al. 2024 (arXiv 2406.17557), section 3.6; counting as in datatrove. For repeated lines,
 * the text of the paper has the threshold 0.1, but its table 2 and the code have 0.01, which is used here.
 *
 * @module
 */
import { rule, type Stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { countDuplicates } from "./gopher_repetition.ts";
import { isSentenceTerminal, lastCodePoint } from "../words/marks.ts";
import { codePointCount, isBlank, occurrences } from "../words/python_text.ts";
import { resolveRuleOptions, type RuleOptions, withDefaults } from "../recipe.ts";

/** Thresholds of FineWeb's quality rules. The defaults are FineWeb's. */
export interface FinewebQualityOptions extends RuleOptions {
  /** Minimum fraction of lines that end with a punctuation mark (default 0.12). */
  readonly minPunctuatedLines?: number;
  /** Maximum fraction of short lines (default 0.67). */
  readonly maxShortLines?: number;
  /** Maximum length of a short line, in characters (default 30). */
  readonly shortLine?: number;
  /** Maximum fraction of characters in repeated lines (default 0.01). */
  readonly maxDuplicateCharacters?: number;
  /** Maximum number of line ends per word (default 0.3). */
  readonly maxLinesPerWord?: number;
}

/** Defaults of FineWeb's quality rules. */
export const finewebQualityDefaults: Required<Omit<FinewebQualityOptions, keyof RuleOptions>> = {
  minPunctuatedLines: 0.12,
  maxShortLines: 0.67,
  shortLine: 30,
  maxDuplicateCharacters: 0.01,
  maxLinesPerWord: 0.3,
};

/**
 * Drops a document that looks like a list, a menu or a form. The reason is the first rule that applies:
 * `empty` (`current` only), `line_punct_ratio`, `short_line_ratio`, `char_dup_ratio`, `list_ratio`.
 *
 * The two versions differ. `current` ignores blank lines, accepts sentence-ending marks of all scripts, and
 * keeps a document whose value equals the threshold. `release` counts all lines, accepts only . ' " ! ? at a
 * line's end, and drops a document whose value equals the threshold.
 *
 * @example
 * ```ts
 * import { finewebQuality, from } from "@stagewise/gpt";
 *
 * const documents = [{ id: "menu", text: "Home\nNews\nAbout us\nContact" }];
 * const kept = await Array.fromAsync(from(documents).pipe(finewebQuality()).stream());
 * console.log(kept.length); // 0
 * ```
 */
export function finewebQuality(options: FinewebQualityOptions = {}): Stage<Document, Document> {
  const { recipe, words } = resolveRuleOptions(options);
  const { minPunctuatedLines, maxShortLines, shortLine, maxDuplicateCharacters, maxLinesPerWord } =
    withDefaults(options, finewebQualityDefaults);
  const release = recipe === "release";
  const ends = release ? (mark: string) => /^[.'"!?]$/.test(mark) : isSentenceTerminal;
  return rule("fineweb-quality", ({ text }) => {
    const all = text.split("\n");
    const filled = all.filter((line) => !isBlank(line));
    const lines = release ? all : filled;
    if (lines.length === 0) return "empty";
    const punctuated = lines.filter((line) => ends(lastCodePoint(line))).length / lines.length;
    if (punctuated < minPunctuatedLines || (release && punctuated === minPunctuatedLines)) {
      return "line_punct_ratio";
    }
    const short = lines.filter((line) => codePointCount(line) <= shortLine).length / lines.length;
    if (short > maxShortLines || (release && short === maxShortLines)) return "short_line_ratio";
    const breaks = occurrences(text, "\n");
    const repeated = countDuplicates(filled).characters / (codePointCount(text) - breaks);
    if (repeated > maxDuplicateCharacters || (release && repeated === maxDuplicateCharacters)) {
      return "char_dup_ratio";
    }
    if (breaks / words(text).length > maxLinesPerWord) return "list_ratio";
    return null;
  });
}
