/**
 * FineWeb's filters as a list of stages that is described by plain data. `parallel` loads this module in each
 * worker.
 *
 * @module
 */
import type { Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
export { textLength } from "../items.ts";
import { c4 } from "./rules/c4.ts";
import type { ArticleOptions } from "../format/web/article_text.ts";
import { extract } from "./extract.ts";
import { finewebQuality } from "./rules/fineweb_quality.ts";
import { gopherQuality } from "./rules/gopher_quality.ts";
import { gopherRepetition } from "./rules/gopher_repetition.ts";
import { language } from "./language/language.ts";
import { minhashSign } from "./minhash/minhash_sign.ts";
import type { SignatureRecords } from "./minhash/signature_set.ts";
import { pii, type PiiState } from "./pii/pii.ts";
import { defaultSentences, defaultWords, type RecipeGeneration } from "./recipe.ts";
import { url } from "./url/url.ts";
import {
  sentenceSplitter,
  type SentenceSplitterName,
  wordSplitter,
  type WordSplitterName,
} from "./words/words.ts";
import { count } from "../token/count.ts";

/** Names of the filters, in the recipe's order. */
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

/** Name of one filter. */
export type FinewebFilter = (typeof finewebFilters)[number];

/**
 * Filters that run in the flow itself and not on workers: `url` because its lists may be large, `pii` because
 * its replacements depend on all earlier documents. The other filters have no state, so any number of workers
 * can run them. Of `minhash`, workers run only the part that computes signatures.
 */
export const serialFilters: ReadonlySet<string> = new Set(["url", "pii"]);

/** Filters that change documents but drop none. */
export const rewritingFilters: ReadonlySet<string> = new Set(["pii", "count"]);

/**
 * Options of the recipe. They are plain data, so that they can be sent to a worker and saved in config.json.
 */
export type FinewebOptions = Readonly<{
  /** Version of the rules (default `current`). */
  recipe?: RecipeGeneration;
  /** Word splitter (default: that of the version). */
  words?: WordSplitterName;
  /** Sentence splitter (default: that of the version). */
  sentences?: SentenceSplitterName;
  /** Folders and files with block lists for `url` (default: none). */
  urlLists?: readonly string[];
  /** Name or path of the tokenizer that `count` uses (default `gpt2`). */
  tokenizer?: string;
  /** What `extract` takes from pages, and how it is written (default: that of `articleText`). */
  extract?: ArticleOptions;
  /** Languages to keep (default `["en"]`). */
  languages?: readonly string[];
  /** Language score that a document must exceed (default 0.65, FineWeb's value). */
  languageThreshold?: number;
  /**
   * The filters to run, in this order. By default all filters run in the recipe's order, `minhash` only if it
   * is configured.
   */
  stages?: readonly FinewebFilter[];
  /** Numbers of addresses that other processes mask with `pii` before this one (default: none). */
  addressesBefore?: PiiState;
  /** How near-duplicates are dropped. Required for the filter `minhash`. */
  minhash?: MinhashChoice;
}>;

/** Which of several near-duplicates is kept, and where the index of documents is stored. */
export type MinhashChoice = Readonly<{
  /**
   * `first` keeps the first of several near-duplicates, while streaming. `cluster` keeps one per cluster
   * after all documents have been read, as FineWeb does. `sign` keeps all documents and sets their
   * signatures, which a later stage compares.
   */
  keep: "first" | "cluster" | "sign";
  /** Folder for the stage's files, created if missing. */
  dir: string;
  /** Memory limit in bytes; if it is not given, the stage uses its own default. */
  memory?: number;
  /** What `cluster` stores of a signature (default `full`). */
  records?: SignatureRecords;
}>;

/** Returns the names of the filters that the options select. */
export function selectedFilters({ stages, minhash }: FinewebOptions): readonly FinewebFilter[] {
  return stages ?? finewebFilters.filter((name) => name !== "minhash" || minhash !== undefined);
}

/**
 * Returns the recipe's stages in order, named as in `--stages`. For `minhash`, the list has only the stage
 * `minhash-sign`, which computes signatures and has no state. All stages share one word splitter, so that a
 * text is split only once for several rules. Throws RangeError for an unknown name or one that is listed
 * twice.
 */
export function finewebStages(options: FinewebOptions = {}): Stage<Document, Document>[] {
  const { recipe = "current" } = options, stages = selectedFilters(options);
  const { words = defaultWords(recipe), sentences = defaultSentences(recipe) } = options;
  const rules = { recipe, sentences: sentenceSplitter(sentences), words: wordSplitter(words) };
  const doubled = stages.find((name, i) => stages.indexOf(name) !== i);
  if (doubled !== undefined) throw new RangeError(`The filter ${doubled} is listed twice: list it once`);
  return stages.map((name) => {
    switch (name) {
      case "url":
        return url({ lists: options.urlLists ?? [] });
      case "extract":
        return extract(options.extract);
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
        return pii({ recipe, ...(options.addressesBefore && { before: options.addressesBefore }) });
      case "count":
        return count(options.tokenizer ?? "gpt2");
      default:
        throw new RangeError(`Unknown filter ${name}: expected any of ${finewebFilters.join(", ")}`);
    }
  });
}
