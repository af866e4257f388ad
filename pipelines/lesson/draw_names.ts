/**
 * Names drawn letter by letter.
 *
 * @module
 */
import type { TorchRandom } from "../../kernels/random/torch_random.ts";
import type { Letters } from "./letters.ts";

/** How names are drawn. */
export interface DrawOptions {
  readonly letters: Letters;
  readonly random: TorchRandom;
  /** How many names. */
  readonly count: number;
  /** As today's torch draws (default: as torch did when the lectures were recorded). */
  readonly race?: boolean;
}

/** A name ends here even if no mark was drawn: a model that learned little may never end. */
const longest = 60;

/** Names with the mark at their end; `odds` gives those of the next letter from all numbers so far, marks before them. */
export async function drawNames(
  odds: (before: readonly number[]) => ArrayLike<number> | Promise<ArrayLike<number>>,
  { letters, random, count, race = false }: DrawOptions,
): Promise<string[]> {
  const names: string[] = [];
  while (names.length < count) {
    const ids = Array<number>(16).fill(0), begin = ids.length; // marks enough for any context
    do {
      const next = await odds(ids);
      ids.push(race ? random.multinomialByRace(next) : random.multinomialBySums(next));
    } while (ids[ids.length - 1] !== 0 && ids.length < begin + longest);
    names.push(letters.decode(ids.slice(begin)));
  }
  return names;
}

/** The odds after a letter: its row of a table. */
export function rowOf(odds: readonly ArrayLike<number>[]): (before: readonly number[]) => ArrayLike<number> {
  return (before) => odds[before[before.length - 1]];
}
