/**
 * How text is cut into words and sentences. The choice moves what the rules keep more than any threshold does, so it
 * has a name: `spacy` (spaCy's English rules, FineWeb's now), `treebank` (the Penn Treebank's, FineWeb's at its release)
 * or `whitespace`.
 *
 * Source: MacIntyre 1995, "Penn Treebank tokenization" (tokenizer.sed); Unicode UAX 29 through Intl.Segmenter.
 *
 * @module
 */
import { spacePattern, splitSpace, strip } from "./python_text.ts";
import { Spacy } from "./spacy.ts";

/** Cuts a text into its words, or its sentences. */
export type Splitter = (text: string) => string[];

/** Names for `--words`. */
export const wordSplitterNames = ["spacy", "treebank", "whitespace"] as const;
/** One of them. */
export type WordSplitterName = (typeof wordSplitterNames)[number];

/** Names for `--sentences`. */
export const sentenceSplitterNames = ["spacy", "intl", "punctuation"] as const;
/** One of them. */
export type SentenceSplitterName = (typeof sentenceSplitterNames)[number];

/**
 * A word splitter by name. It remembers its last text, which several rules in a row ask for. Throws RangeError for
 * an unknown name.
 */
export function wordSplitter(name: WordSplitterName): Splitter {
  switch (name) {
    case "spacy": {
      const spacy = new Spacy();
      return remember((text) => spacy.words(text));
    }
    case "whitespace":
      return remember(splitSpace);
    case "treebank":
      return remember(treebank());
    default:
      throw new RangeError(`Unknown word splitter ${name}: wanted ${wordSplitterNames.join(" or ")}`);
  }
}

/**
 * A sentence splitter by name: `spacy`, its sentencizer; `intl`, Unicode's boundaries for English; `punctuation`, at
 * white space after one of . ! ? Throws RangeError for an unknown name.
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
      throw new RangeError(`Unknown sentence splitter ${name}: wanted ${sentenceSplitterNames.join(" or ")}`);
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

/** Each rule puts spaces around what is a word of its own; order matters. Written for one run between spaces. */
const rules: readonly (readonly [RegExp, string])[] = [
  [/^"/, "`` "], // quotes that open
  [/([(\[{<])"/g, "$1 `` "],
  [/[«“„]/g, " $& "],
  [/([:,])(?=\D|$)/g, " $1 "], // not within 10:30 or 1,000
  [/\.\.\./g, " ... "],
  [/[;@#$%&?!]/g, " $& "],
  [/(?<=[^'])'$/, " '"],
  [/[\][(){}<>]/g, " $& "],
  [/--/g, " -- "],
  [/[»”’](?=\s|$)/g, " $& "],
  [/"/g, " '' "], // what is left closes
  [/(?<=\S)''/g, " '' "],
  [/(?<=[^' ])'([sSmMdD])(?= |$)/g, " '$1 "],
  [/(?<=[^' ])'(ll|LL|re|RE|ve|VE)(?= |$)/g, " '$1 "],
  [/(?<=[^' ])(n't|N'T)(?= |$)/g, " $1 "],
  [/'(?!re|ve|ll|[mtsdn])(\w)\b/gi, "' $1"], // 'I
  [/\b(can)(not)\b/gi, " $1 $2 "],
  [/\b(d)('ye)\b/gi, " $1 $2 "],
  [/\b(gim|lem)(me)\b/gi, " $1 $2 "],
  [/\b(gon|wan)(na)\b/gi, " $1 $2 "],
  [/\b(got)(ta)\b/gi, " $1 $2 "],
  [/\b(more)('n)\b/gi, " $1 $2 "],
  [/^('t)(is|was)\b/gi, " $1 $2 "],
];
const lastPeriod = /(?<=[^.])\.(?=[\])}>"'»”’]*$)/; // of a sentence: abbreviations keep theirs
const plain = /^[A-Za-z0-9]+$/;
const endMark = /[.!?]["'”’)\]]*$/;
const abbreviation =
  /(^|[^\p{L}])(Mr|Mrs|Ms|Dr|Prof|St|vs|No|Jr|Sr|Gen|Sen|Rep|Gov|Lt|Col|Capt|e\.g|i\.e|\p{Lu})\.$/u;
const opening = /^["'“‘(\[]*[\p{Lu}\p{N}]/u;

const longestRemembered = 64; // UTF-16 units: longer runs do not come again, and there could be many megabytes of them

/** Penn Treebank words. Text repeats itself, so what a run of characters falls into is remembered. */
function treebank(): Splitter {
  const known = new Map<string, string[]>();
  return (text) => {
    const words: string[] = [];
    const runs = splitSpace(text);
    for (let i = 0; i < runs.length; i++) {
      const run = runs[i];
      if (plain.test(run) && run.length < 4) {
        words.push(run); // too short for any rule
        continue;
      }
      const key = endMark.test(run) && endsSentence(run, runs[i + 1]) ? `${run} ` : run;
      let parts = known.get(key);
      if (parts === undefined) {
        parts = treebankRun(run, key !== run);
        if (run.length <= longestRemembered) {
          if (known.size === 50_000) known.clear();
          known.set(key, parts);
        }
      }
      for (const part of parts) words.push(part);
    }
    return words;
  };
}

function endsSentence(run: string, next: string | undefined): boolean {
  return next === undefined || (!abbreviation.test(run) && opening.test(next));
}

function treebankRun(run: string, last: boolean): string[] {
  let spaced = last ? run.replace(lastPeriod, " .") : run;
  for (const [pattern, put] of rules) spaced = spaced.replace(pattern, put);
  return splitSpace(spaced);
}

function remember(split: Splitter): Splitter {
  let text = "";
  let words: string[] = [];
  return (next) => {
    if (next !== text) [text, words] = [next, split(next)];
    return words;
  };
}
