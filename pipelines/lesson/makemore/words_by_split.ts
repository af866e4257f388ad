/**
 * Sampled words, grouped by the part of the data that contains them.
 *
 * @module
 */
import { type Item, lines } from "../item.ts";
import type { MakemoreData } from "./makemore_data.ts";

/** Returns sampled words in three groups: training words, test words, and words that are neither. */
export function wordsBySplit(
  sampled: readonly string[],
  { train, test }: Pick<MakemoreData, "train" | "test">,
): Item {
  const trainWords = new Set(train), testWords = new Set(test);
  const groups = [
    ["in train", sampled.filter((word) => trainWords.has(word))],
    ["in test", sampled.filter((word) => !trainWords.has(word) && testWords.has(word))],
    ["new", sampled.filter((word) => !trainWords.has(word) && !testWords.has(word))],
  ] as const;
  return lines(
    groups.flatMap((
      [name, words],
    ) => [`${name}: ${words.length}`, ...filledLines(words).map((line) => `  ${line}`)]),
  );
}

/** Joins words into lines of at most 76 columns. */
function filledLines(words: readonly string[]): string[] {
  const filled: string[] = [];
  for (const word of words.map((word) => word === "" ? "(empty)" : word)) {
    const last = filled.length - 1;
    if (last >= 0 && filled[last].length + word.length < 76) filled[last] += ` ${word}`;
    else filled.push(word);
  }
  return filled;
}
