/**
 * Splitters of text into words and sentences, by name. Users can choose one, because the choice has more
 * influence on which documents the rules keep than any threshold. For words: `spacy` (spaCy's rules for
 * English, FineWeb's choice now), `treebank` (the Penn Treebank's rules, FineWeb's choice at its release) or
 * `whitespace`.
 *
 * Source: for the sentence splitter `intl`, Unicode UAX 29 through Intl.Segmenter.
 *
 * @module
 */
import { spacePattern, splitSpace, strip } from "./python_text.ts";
import { Spacy } from "./spacy.ts";
import { treebank } from "./treebank.ts";

/** Splits a text into its words, or into its sentences. */
export type Splitter = (text: string) => string[];

/** Names of word splitters, the values of `--words`. */
export const wordSplitterNames = ["spacy", "treebank", "whitespace"] as const;
/** Name of a word splitter. */
export type WordSplitterName = (typeof wordSplitterNames)[number];

/** Names of sentence splitters, the values of `--sentences`. */
export const sentenceSplitterNames = ["spacy", "intl", "punctuation"] as const;
/** Name of a sentence splitter. */
export type SentenceSplitterName = (typeof sentenceSplitterNames)[number];

/**
 * Returns the word splitter with this name. It caches the words of its most recent text, because several
 * rules in a row split the same text. Throws RangeError for an unknown name.
 */
export function wordSplitter(name: WordSplitterName): Splitter {
  switch (name) {
    case "spacy": {
      const spacy = new Spacy();
      return cacheLast((text) => spacy.words(text));
    }
    case "whitespace":
      return cacheLast(splitSpace);
    case "treebank":
      return cacheLast(treebank());
    default:
      throw new RangeError(`Unknown word splitter ${name}: expected ${wordSplitterNames.join(" or ")}`);
  }
}

/**
 * Returns the sentence splitter with this name: `spacy` is spaCy's sentencizer, `intl` follows Unicode's
 * sentence boundaries for English, `punctuation` splits at white space after . ! or ?. Throws RangeError for
 * an unknown name.
 */
export function sentenceSplitter(name: SentenceSplitterName): Splitter {
  switch (name) {
    case "spacy": {
      const spacy = new Spacy();
      return (text) => spacy.sentences(text);
    }
    case "intl":
      return intl;
    case "punctuation":
      return punctuation;
    default:
      throw new RangeError(
        `Unknown sentence splitter ${name}: expected ${sentenceSplitterNames.join(" or ")}`,
      );
  }
}

const afterMark = new RegExp(`(?<=[.!?])${spacePattern}`);

function punctuation(text: string): string[] {
  return text.split(afterMark);
}

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

function intl(text: string): string[] {
  const found: string[] = [];
  for (const { segment } of segmenter.segment(text)) {
    const sentence = strip(segment);
    if (sentence !== "") found.push(sentence);
  }
  return found;
}

function cacheLast(split: Splitter): Splitter {
  let text = "";
  let words: string[] = [];
  return (next) => {
    if (next !== text) [text, words] = [next, split(next)];
    return words;
  };
}
