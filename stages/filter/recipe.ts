/**
 * Options that all rules of FineWeb's recipe share: the version of the rules, and how text is split into
 * words and sentences.
 *
 * @module
 */
import {
  sentenceSplitter,
  type SentenceSplitterName,
  type Splitter,
  wordSplitter,
  type WordSplitterName,
} from "./words/words.ts";

/** Version of FineWeb's rules: as they are in datatrove now, or as of FineWeb's release in spring 2024. */
export type RecipeGeneration = "current" | "release";

/** Options that the rules share. */
export interface RuleOptions {
  /** Version of the rules (default `current`). */
  readonly recipe?: RecipeGeneration;
  /** Word splitter: a name, or a function of your own (default: `defaultWords(recipe)`). */
  readonly words?: WordSplitterName | Splitter;
  /** Sentence splitter: a name, or a function of your own (default: `defaultSentences(recipe)`). */
  readonly sentences?: SentenceSplitterName | Splitter;
}

/**
 * Returns the options with defaults filled in and names replaced by functions. Throws RangeError for an
 * unknown name.
 */
export function resolveRuleOptions(
  options: RuleOptions,
): { recipe: RecipeGeneration; words: Splitter; sentences: Splitter } {
  const { recipe = "current" } = options;
  if (recipe !== "current" && recipe !== "release") {
    throw new RangeError(`Unknown recipe ${recipe}: expected current or release`);
  }
  const { words = defaultWords(recipe), sentences = defaultSentences(recipe) } = options;
  return {
    recipe,
    words: typeof words === "string" ? wordSplitter(words) : words,
    sentences: typeof sentences === "string" ? sentenceSplitter(sentences) : sentences,
  };
}

/** Returns all options: those that are given, and the defaults of the others. */
export function withDefaults<T extends object>(options: Partial<T>, defaults: T): T {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

/**
 * Returns the default word splitter of a version: spaCy's rules for `current`, the Penn Treebank's for
 * `release`.
 */
export function defaultWords(recipe: RecipeGeneration): WordSplitterName {
  return recipe === "release" ? "treebank" : "spacy";
}

/**
 * Returns the default sentence splitter of a version: spaCy's sentencizer for `current`. For `release`,
 * Unicode's sentence boundaries approximate the Punkt model that FineWeb used.
 */
export function defaultSentences(recipe: RecipeGeneration): SentenceSplitterName {
  return recipe === "release" ? "intl" : "spacy";
}
