/**
 * Samples names letter by letter.
 *
 * @module
 */
import { TorchRandom } from "../../kernels/random/torch_random.ts";
import type { DeviceTrainer } from "../../stages/train/on_device/device_trainer.ts";
import type { Letters } from "./letters.ts";
import { softmax } from "./net_training.ts";

/** Options for sampling names. */
export interface DrawOptions {
  /** Alphabet. */
  readonly letters: Letters;
  /** Random generator; every sampled letter advances it. */
  readonly random: TorchRandom;
  /** Number of names to sample. */
  readonly count: number;
  /**
   * Whether letters are drawn by an exponential race, as in torch's current `multinomial`. Default false:
   * they are drawn by cumulative sums, as torch did when the lectures were recorded.
   */
  readonly exponentialRace?: boolean;
}

/**
 * Returns the random generator that the notebooks use to draw names. Its seed is the lesson's seed plus 10.
 */
export function samplingRandom(seed: number): TorchRandom {
  return new TorchRandom((seed + 10) % 2 ** 32);
}

/**
 * Length limit of a name in letters. Without it, a model that has learned little may never draw the boundary
 * mark.
 */
const maxLength = 60;

/**
 * Samples names, each with its boundary mark at the end. `probabilities` gives the distribution of the next
 * letter after the ids so far, which begin with boundary marks.
 */
export async function drawNames(
  probabilities: (before: readonly number[]) => ArrayLike<number> | Promise<ArrayLike<number>>,
  { letters, random, count, exponentialRace: race = false }: DrawOptions,
): Promise<string[]> {
  const names: string[] = [];
  while (names.length < count) {
    const ids = Array<number>(16).fill(0), begin = ids.length; // more boundary marks than the longest context
    do {
      const next = await probabilities(ids);
      ids.push(race ? random.multinomialByRace(next) : random.multinomialBySums(next));
    } while (ids[ids.length - 1] !== 0 && ids.length < begin + maxLength);
    names.push(letters.decode(ids.slice(begin)));
  }
  return names;
}

/** Returns the probabilities of a bigram model, which are the last letter's row in its table. */
export function bigramProbabilities(
  table: readonly ArrayLike<number>[],
): (before: readonly number[]) => ArrayLike<number> {
  return (before) => table[before[before.length - 1]];
}

/** Returns the probabilities of a net, which are the softmax of its logits for the last `context` letters. */
export function netProbabilities(
  net: Pick<DeviceTrainer, "predict">,
  context: number,
): (before: readonly number[]) => Promise<ArrayLike<number>> {
  return async (before) => softmax(await net.predict(before.slice(-context)));
}
