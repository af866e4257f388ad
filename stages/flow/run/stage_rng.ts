/**
 * Random numbers of one stage: the words of the Philox stream keyed by the run's seed and the stage's name.
 *
 * @module
 */
import { philox } from "../../../kernels/random/philox.ts";
import type { Rng } from "../stage.ts";

/** A counter-based generator: its whole state is `drawn`, the number of words drawn so far. */
export class StageRng implements Rng {
  readonly #seed: number;
  readonly #name: string;
  #block = -1;
  #words: readonly number[] = [];

  constructor(seed: number, name: string, public drawn = 0) {
    this.#seed = seed;
    this.#name = name;
  }

  next(): number {
    const block = Math.floor(this.drawn / 4); // Philox computes four words at a time
    if (block !== this.#block) {
      this.#words = philox(this.#seed, this.#name, block);
      this.#block = block;
    }
    return this.#words[this.drawn++ % 4] / 0x100000000;
  }

  integer(below: number): number {
    if (!(below >= 1)) throw new RangeError(`Cannot draw an integer below ${below}: expected at least 1`);
    return Math.floor(this.next() * below);
  }
}
