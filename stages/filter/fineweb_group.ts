/**
 * FineWeb's stages as a list, told by plain data: what runs in each worker of a parallel flow.
 *
 * @module
 */
import type { Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
export { textLength } from "../items.ts";
import { c4 } from "./rules/c4.ts";
import { extract } from "./extract.ts";
import { finewebQuality } from "./rules/fineweb_quality.ts";
import { gopherQuality } from "./rules/gopher_quality.ts";
import { gopherRepetition } from "./rules/gopher_repetition.ts";
import { language } from "./language/language.ts";
import { minhashSign } from "./minhash/minhash_sign.ts";
import { pii } from "./pii/pii.ts";
import { defaultSentences, defaultWords, type RecipeGeneration } from "./recipe.ts";
import { url } from "./url/url.ts";
import {
  sentenceSplitter,
  type SentenceSplitterName,
  wordSplitter,
  type WordSplitterName,
} from "./words/words.ts";
import { count } from "../token/count.ts";

/** The stages' names, in the recipe's order. */
export const finewebFilters = [
  "url",
  "extract",
  "language",
  "gopher-repetition",
  "gopher-quality",
  "c4",
  "fineweb-quality",
  "minhash",
  "pii",
  "count",
] as const;

/** One of them. */
export type FinewebFilter = (typeof finewebFilters)[number];

/**
 * Those that stand in the flow itself: `url` holds lists that may be large, `pii` remembers what it has masked. The
 * others remember nothing, so they can run on any number of workers; of `minhash` that is the part that signs.
 */
export const serialFilters: ReadonlySet<FinewebFilter> = new Set(["url", "pii"]);

/** Those that change documents and drop none. */
export const rewritingFilters: ReadonlySet<FinewebFilter> = new Set(["pii", "count"]);

/** The recipe's options; plain data, so that they can be sent to a worker and kept in config.json. */
export type FinewebOptions = Readonly<{
  /** Generation of the rules (default current). */
  recipe?: RecipeGeneration;
  /** Word splitter (default: the generation's). */
  words?: WordSplitterName;
  /** Sentence splitter (default: the generation's). */
  sentences?: SentenceSplitterName;
  /** Folders and files of block lists for `url` (default none). */
  urlLists?: readonly string[];
  /** Name or path of the tokenizer whose tokens `count` counts (default gpt2). */
  tokenizer?: string;
  /** Languages to keep (default `["en"]`). */
  languages?: readonly string[];
  /** A language score must be above it (default 0.65). */
  languageThreshold?: number;
  /** Which stages, in which order (default all, as published; without `minhash`, all others). */
  stages?: readonly FinewebFilter[];
  /** How near-duplicates are dropped. */
  minhash?: MinhashChoice;
}>;

/** Which of near-duplicates stays, and where what is remembered of documents is kept. */
export type MinhashChoice = Readonly<{
  /**
   * `first`: the first that comes, the stream goes on; `cluster`: one of each cluster, as FineWeb, once all documents
   * are there; `sign`: all, signed, for a stage after the recipe to compare.
   */
  keep: "first" | "cluster" | "sign";
  /** A folder, made if missing. */
  dir: string;
  /** Bytes of memory; default: the stage's own. */
  memory?: number;
}>;

/** The names of the stages that the options ask for. */
export function selectedFilters({ stages, minhash }: FinewebOptions): readonly FinewebFilter[] {
  return stages ?? finewebFilters.filter((name) => name !== "minhash" || minhash !== undefined);
}

/**
 * The recipe's stages in order, each named as in `--stages`; of `minhash` only the part that remembers nothing, which
 * signs documents and is named `minhash-sign`. They share one word splitter, so a text that several rules look at is
 * cut once. Throws RangeError for an unknown or doubled name.
 */
export function finewebStages(options: FinewebOptions = {}): Stage<Document, Document>[] {
  const { recipe = "current" } = options, stages = selectedFilters(options);
  const { words = defaultWords(recipe), sentences = defaultSentences(recipe) } = options;
  const rules = { recipe, sentences: sentenceSplitter(sentences), words: wordSplitter(words) };
  const doubled = stages.find((name, i) => stages.indexOf(name) !== i);
  if (doubled !== undefined) throw new RangeError(`Filter ${doubled} is listed twice: list each once`);
  return stages.map((name) => {
    switch (name) {
      case "url":
        return url({ lists: options.urlLists ?? [] });
      case "extract":
        return extract();
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
      case "minhash":
        return minhashSign(rules);
      case "pii":
        return pii({ recipe });
      case "count":
        return count(options.tokenizer ?? "gpt2");
      default:
        throw new RangeError(`Unknown filter ${name}: wanted some of ${finewebFilters.join(", ")}`);
    }
  });
}
