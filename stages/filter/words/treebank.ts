/**
 * Splits English text into words as the Penn Treebank does: contractions are split ("can't" gives "ca" and
 * "n't"), and quotes and punctuation marks are separate words.
 *
 * Source: MacIntyre 1995, "Penn Treebank tokenization" (tokenizer.sed).
 *
 * @module
 */
import { splitSpace } from "./python_text.ts";

/**
 * Each rule puts spaces around a part that is a separate word; the order of the rules matters. The rules
 * apply to one chunk at a time, which is a piece of text between white space.
 */
const rules: readonly (readonly [RegExp, string])[] = [
  [/^"/, "`` "], // opening quotes
  [/([(\[{<])"/g, "$1 `` "],
  [/[«“„]/g, " $& "],
  [/([:,])(?=\D|$)/g, " $1 "], // but not in 10:30 or 1,000
  [/\.\.\./g, " ... "],
  [/[;@#$%&?!]/g, " $& "],
  [/(?<=[^'])'$/, " '"],
  [/[\][(){}<>]/g, " $& "],
  [/--/g, " -- "],
  [/[»”’](?=\s|$)/g, " $& "],
  [/"/g, " '' "], // all other quotes are closing quotes
  [/(?<=\S)''/g, " '' "],
  [/(?<=[^' ])'([sSmMdD])(?= |$)/g, " '$1 "],
  [/(?<=[^' ])'(ll|LL|re|RE|ve|VE)(?= |$)/g, " '$1 "],
  [/(?<=[^' ])(n't|N'T)(?= |$)/g, " $1 "],
  [/'(?!re|ve|ll|[mtsdn])(\w)\b/gi, "' $1"], // for example 'I
  [/\b(can)(not)\b/gi, " $1 $2 "],
  [/\b(d)('ye)\b/gi, " $1 $2 "],
  [/\b(gim|lem)(me)\b/gi, " $1 $2 "],
  [/\b(gon|wan)(na)\b/gi, " $1 $2 "],
  [/\b(got)(ta)\b/gi, " $1 $2 "],
  [/\b(more)('n)\b/gi, " $1 $2 "],
  [/^('t)(is|was)\b/gi, " $1 $2 "],
];
const lastPeriod = /(?<=[^.])\.(?=[\])}>"'»”’]*$)/; // ends a sentence; not the period of an abbreviation
const plain = /^[A-Za-z0-9]+$/;
const endMark = /[.!?]["'”’)\]]*$/;
const abbreviation =
  /(^|[^\p{L}])(Mr|Mrs|Ms|Dr|Prof|St|vs|No|Jr|Sr|Gen|Sen|Rep|Gov|Lt|Col|Capt|e\.g|i\.e|\p{Lu})\.$/u;
const opening = /^["'“‘(\[]*[\p{Lu}\p{N}]/u;

const maxCachedChunks = 50_000;
const maxCachedLength = 64; // UTF-16 units: longer chunks hardly ever repeat, and could take many megabytes

/** Returns a splitter into Penn Treebank words. It caches the words of each chunk, because chunks recur. */
export function treebank(): (text: string) => string[] {
  const cache = new Map<string, string[]>();
  return (text) => {
    const words: string[] = [];
    const chunks = splitSpace(text);
    for (let i = 0; i < chunks.length; i++) {
      const chunk = chunks[i];
      if (plain.test(chunk) && chunk.length < 4) {
        words.push(chunk); // too short for any rule
        continue;
      }
      const key = endMark.test(chunk) && endsSentence(chunk, chunks[i + 1]) ? `${chunk} ` : chunk;
      let parts = cache.get(key);
      if (parts === undefined) {
        parts = splitChunk(chunk, key !== chunk);
        if (chunk.length <= maxCachedLength) {
          if (cache.size === maxCachedChunks) cache.clear();
          cache.set(key, parts);
        }
      }
      for (const part of parts) words.push(part);
    }
    return words;
  };
}

function endsSentence(chunk: string, next: string | undefined): boolean {
  return next === undefined || (!abbreviation.test(chunk) && opening.test(next));
}

function splitChunk(chunk: string, isLast: boolean): string[] {
  let spaced = isLast ? chunk.replace(lastPeriod, " .") : chunk;
  for (const [pattern, replacement] of rules) spaced = spaced.replace(pattern, replacement);
  return splitSpace(spaced);
}
