/**
 * Gopher's quality rules: length, word length, symbols, bullets, ellipses, letters, stop words.
 * Source: Rae et al. 2021 (arXiv 2112.11446), section A1.1; counting as in datatrove.
 *
 * @module
 */
import { rule, type Stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { isPunctuation, isSentenceTerminal } from "../words/marks.ts";
import { codePointCount, occurrences, splitLines, strip } from "../words/python_text.ts";
import { resolveRuleOptions, type RuleOptions, withDefaults } from "../recipe.ts";

/** Thresholds of Gopher's quality rules. 0 switches a rule off. */
export interface GopherQualityOptions extends RuleOptions {
  /** Minimum number of words, not counting words that consist of symbols (default 50). */
  readonly minWords?: number;
  /** Maximum number of words, not counting words that consist of symbols (default 100,000). */
  readonly maxWords?: number;
  /** Minimum mean length in characters of the words that do not consist of symbols (default 3). */
  readonly minMeanWord?: number;
  /** Maximum mean length in characters of the words that do not consist of symbols (default 10). */
  readonly maxMeanWord?: number;
  /** Maximum number of "#" per word, and of ellipses per word (default 0.1 each). */
  readonly maxSymbolRatio?: number;
  /** Maximum fraction of lines that begin with a bullet or a hyphen (default 0.9). */
  readonly maxBulletLines?: number;
  /** Maximum fraction of lines that end with an ellipsis (default 0.3). */
  readonly maxEllipsisLines?: number;
  /** Minimum fraction of words that contain a letter; punctuation marks count as words (default 0.8). */
  readonly minAlphaWords?: number;
  /**
   * Minimum number of distinct stop words (`current`), or of occurrences of stop words (`release`); default
   * 2.
   */
  readonly minStopWords?: number;
  /** Stop words, case-sensitive (default the, be, to, of, and, that, have, with). */
  readonly stopWords?: readonly string[];
}

/** Defaults of Gopher's quality rules. */
export const gopherQualityDefaults: Required<Omit<GopherQualityOptions, keyof RuleOptions>> = {
  minWords: 50,
  maxWords: 100_000,
  minMeanWord: 3,
  maxMeanWord: 10,
  maxSymbolRatio: 0.1,
  maxBulletLines: 0.9,
  maxEllipsisLines: 0.3,
  minAlphaWords: 0.8,
  minStopWords: 2,
  stopWords: ["the", "be", "to", "of", "and", "that", "have", "with"],
};

/**
 * Drops a document that does not read like prose. The reason is the first rule that applies:
 * `gopher_short_doc`, `gopher_long_doc`, `gopher_below_avg_threshold`, `gopher_above_avg_threshold`,
 * `gopher_too_many_hashes`, `gopher_too_many_ellipsis`, `gopher_too_many_bullets`,
 * `gopher_too_many_end_ellipsis`, `gopher_below_alpha_threshold`, `gopher_enough_stop_words`.
 *
 * @example
 * ```ts
 * import { from, gopherQuality } from "@stagewise/gpt";
 *
 * const documents = [{ id: "short", text: "Too short to be prose." }];
 * const kept = await Array.fromAsync(from(documents).pipe(gopherQuality()).stream());
 * console.log(kept.length); // 0
 * ```
 */
export function gopherQuality(options: GopherQualityOptions = {}): Stage<Document, Document> {
  const { recipe, words } = resolveRuleOptions(options);
  const {
    minWords,
    maxWords,
    minMeanWord,
    maxMeanWord,
    maxSymbolRatio,
    maxBulletLines,
    maxEllipsisLines,
    minAlphaWords,
    minStopWords,
    stopWords,
  } = withDefaults(options, gopherQualityDefaults);
  const stops = new Set(stopWords);
  const isSymbol = recipe === "release"
    ? isPunctuation
    : (c: string) => isPunctuation(c) || isSentenceTerminal(c);
  return rule("gopher-quality", ({ text }) => {
    const all = words(text);
    let count = 0;
    let characters = 0;
    for (const word of all) {
      if (!onlySymbols(word, isSymbol)) {
        count++;
        characters += codePointCount(word);
      }
    }
    if (minWords && count < minWords) return "gopher_short_doc";
    if (maxWords && count > maxWords) return "gopher_long_doc";
    const mean = characters / count;
    if (minMeanWord && mean < minMeanWord) return "gopher_below_avg_threshold";
    if (maxMeanWord && mean > maxMeanWord) return "gopher_above_avg_threshold";
    if (maxSymbolRatio && occurrences(text, "#") / all.length > maxSymbolRatio) {
      return "gopher_too_many_hashes";
    }
    const ellipses = occurrences(text, "...") + occurrences(text, "…");
    if (maxSymbolRatio && ellipses / all.length > maxSymbolRatio) return "gopher_too_many_ellipsis";
    const lines = splitLines(text).map(strip);
    const fraction = (test: (line: string) => boolean) => lines.filter(test).length / lines.length;
    if (maxBulletLines && fraction((line) => /^[•-]/.test(line)) > maxBulletLines) {
      return "gopher_too_many_bullets";
    }
    const endsInEllipsis = (line: string) => line.endsWith("...") || line.endsWith("…");
    if (maxEllipsisLines && fraction(endsInEllipsis) > maxEllipsisLines) {
      return "gopher_too_many_end_ellipsis";
    }
    const alpha = all.filter((word) => /\p{L}/u.test(word)).length;
    if (minAlphaWords && alpha / all.length < minAlphaWords) return "gopher_below_alpha_threshold";
    const found = all.filter((word) => stops.has(word));
    const stopCount = recipe === "release" ? found.length : new Set(found).size;
    if (minStopWords && stopCount < minStopWords) return "gopher_enough_stop_words";
    return null;
  });
}

function onlySymbols(word: string, isSymbol: (mark: string) => boolean): boolean {
  if (/[A-Za-z0-9]/.test(word)) return false; // a quick answer for most words
  for (const mark of word) if (!isSymbol(mark)) return false;
  return true;
}
