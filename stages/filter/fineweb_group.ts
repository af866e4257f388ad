/**
 * FineWeb's filters as a list of stages: what runs in each worker of a parallel flow, told by plain data.
 *
 * @module
 */
import type { Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
export { textLength } from "../items.ts";
import { c4 } from "./c4.ts";
import { finewebQuality } from "./fineweb_quality.ts";
import { gopherQuality } from "./gopher_quality.ts";
import { gopherRepetition } from "./gopher_repetition.ts";
import { language } from "./language.ts";
import type { Generation } from "./recipe.ts";
import { type SentencesName, type WordsName, wordSplitter } from "./words.ts";

/** The filters' names, in the recipe's order. */
export const finewebFilters = [
  "language",
  "gopher-repetition",
  "gopher-quality",
  "c4",
  "fineweb-quality",
] as const;

/** One of them. */
export type FinewebFilter = (typeof finewebFilters)[number];

/** The recipe's options; plain data, so that they can be sent to a worker and kept in config.json. */
export type FinewebOptions = Readonly<{
  /** Generation of the rules (default current). */
  recipe?: Generation;
  /** Word splitter (default treebank). */
  words?: WordsName;
  /** Sentence splitter (default intl). */
  sentences?: SentencesName;
  /** Languages to keep (default `["en"]`). */
  languages?: readonly string[];
  /** A language score must be above it (default 0.65). */
  languageThreshold?: number;
  /** Which filters, in which order (default all, as published). */
  stages?: readonly FinewebFilter[];
}>;

/**
 * The recipe's filters in order, each a stage named as in `--stages`. They share one word splitter, so a text that
 * several rules look at is cut once. Throws RangeError for an unknown or doubled name.
 */
export function finewebStages(options: FinewebOptions = {}): Stage<Document, Document>[] {
  const { recipe = "current", words = "treebank", sentences = "intl", stages = finewebFilters } = options;
  const rules = { recipe, sentences, words: wordSplitter(words) };
  const doubled = stages.find((name, i) => stages.indexOf(name) !== i);
  if (doubled !== undefined) throw new RangeError(`Filter ${doubled} is listed twice: list each once`);
  return stages.map((name) => {
    switch (name) {
      case "language":
        return language({
          recipe,
          ...(options.languages === undefined ? {} : { languages: options.languages }),
          ...(options.languageThreshold === undefined ? {} : { threshold: options.languageThreshold }),
        });
      case "gopher-repetition":
        return gopherRepetition(rules);
      case "gopher-quality":
        return gopherQuality(rules);
      case "c4":
        return c4(rules);
      case "fineweb-quality":
        return finewebQuality(rules);
      default:
        throw new RangeError(`Unknown filter ${name}: wanted some of ${finewebFilters.join(", ")}`);
    }
  });
}
