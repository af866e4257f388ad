/**
 * Words that a model drew, by whether it has seen them.
 *
 * @module
 */
import { type Item, lines } from "../item.ts";
import type { MakemoreData } from "./makemore_run.ts";

/** Words in three kinds: learned from, held out, new. */
export function sortedWords(
  drawn: readonly string[],
  { train, test }: Pick<MakemoreData, "train" | "test">,
): Item {
  const [learned, held] = [new Set(train), new Set(test)];
  const kinds = [
    ["in train", drawn.filter((word) => learned.has(word))],
    ["in test", drawn.filter((word) => !learned.has(word) && held.has(word))],
    ["new", drawn.filter((word) => !learned.has(word) && !held.has(word))],
  ] as const;
  return lines(
    kinds.flatMap((
      [name, words],
    ) => [`${name}: ${words.length}`, ...inLines(words).map((line) => `  ${line}`)]),
  );
}

/** Words side by side, as many as fit into 76 columns. */
function inLines(words: readonly string[]): string[] {
  const rows: string[] = [];
  for (const word of words.map((word) => word === "" ? "(nothing)" : word)) {
    const last = rows.length - 1;
    if (last >= 0 && rows[last].length + word.length < 76) rows[last] += ` ${word}`;
    else rows.push(word);
  }
  return rows;
}
