/**
 * FineWeb's own quality rules: lines without an end mark, short lines, repeated lines, lists.
 * Source: Penedo et al. 2024 (arXiv 2406.17557), section 3.6; counting as in datatrove. The paper's text gives 0.1
 * for repeated lines, its table 2 and the code 0.01.
 *
 * @module
 */
import { rule, type Stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { countDuplicates } from "./gopher_repetition.ts";
import { isSentenceTerminal, lastCodePoint } from "../words/marks.ts";
import { codePointCount, isBlank, occurrences } from "../words/python_text.ts";
import { resolveRuleOptions, type RuleOptions } from "../recipe.ts";

/** Bounds that a text must keep within. */
export interface FinewebQualityOptions extends RuleOptions {
  /** Least fraction of lines that end in a mark (default 0.12). */
  readonly minPunctuatedLines?: number;
  /** Most lines of up to `shortLine` characters (default 0.67). */
  readonly maxShortLines?: number;
  /** In characters (default 30). */
  readonly shortLine?: number;
  /** Most characters in repeated lines (default 0.01). */
  readonly maxDuplicateCharacters?: number;
  /** Most line ends a word (default 0.3). */
  readonly maxLinesPerWord?: number;
}

/**
 * Drops a document that looks like a list, a menu or a form. Reasons, the first that holds: `empty` (current only),
 * `line_punct_ratio`, `short_line_ratio`, `char_dup_ratio`, `list_ratio`.
 *
 * The generations differ. `current` looks at lines with something on them, asks for a sentence-ending mark of any
 * script, and lets a value at the bound pass; `release` looks at all lines, takes one of . ' " ! ? and does not.
 */
export function finewebQuality(options: FinewebQualityOptions = {}): Stage<Document, Document> {
  const { recipe, words } = resolveRuleOptions(options);
  const {
    minPunctuatedLines = 0.12,
    maxShortLines = 0.67,
    shortLine = 30,
    maxDuplicateCharacters = 0.01,
    maxLinesPerWord = 0.3,
  } = options;
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
