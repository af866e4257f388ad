/**
 * What every rule of the recipe can be told: its generation and how text is cut into words and sentences.
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

/** The rules as they stand now, or as of spring 2024, when FineWeb was made. */
export type RecipeGeneration = "current" | "release";

/** Options shared by the filters. */
export interface RuleOptions {
  /** Generation of the rules (default current). */
  readonly recipe?: RecipeGeneration;
  /** How text is cut into words (default: the generation's, see `defaultWords`): a name, or a splitter of your own. */
  readonly words?: WordSplitterName | Splitter;
  /** How lines are cut into sentences (default: the generation's, see `defaultSentences`). */
  readonly sentences?: SentenceSplitterName | Splitter;
}

/** The options with their defaults, names resolved to functions. Throws RangeError for an unknown name. */
export function resolveRuleOptions(
  options: RuleOptions,
): { recipe: RecipeGeneration; words: Splitter; sentences: Splitter } {
  const { recipe = "current" } = options;
  if (recipe !== "current" && recipe !== "release") {
    throw new RangeError(`Unknown recipe ${recipe}: wanted current or release`);
  }
  const { words = defaultWords(recipe), sentences = defaultSentences(recipe) } = options;
  return {
    recipe,
    words: typeof words === "string" ? wordSplitter(words) : words,
    sentences: typeof sentences === "string" ? sentenceSplitter(sentences) : sentences,
  };
}

/** The generation's word splitter: spaCy's rules now, the Penn Treebank's at FineWeb's release. */
export function defaultWords(recipe: RecipeGeneration): WordSplitterName {
  return recipe === "release" ? "treebank" : "spacy";
}

/** The generation's sentence splitter: spaCy's sentencizer now; at FineWeb's release Punkt, to which Unicode's is near. */
export function defaultSentences(recipe: RecipeGeneration): SentenceSplitterName {
  return recipe === "release" ? "intl" : "spacy";
}
