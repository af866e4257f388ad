/**
 * A stage's random numbers: Philox words of the stream (seed, stage name), and how many have been drawn.
 *
 * @module
 */
import { philox } from "../../../kernels/random/philox.ts";
import type { Rng } from "../stage.ts";

/** Counter-based, so that saving it means saving `drawn`. */
export class StageRng implements Rng {
  #seed: number;
  #name: string;
  #block = -1;
  #words: readonly number[] = [];

  constructor(seed: number, name: string, public drawn = 0) {
    this.#seed = seed;
    this.#name = name;
  }

  next(): number {
    const block = Math.floor(this.drawn / 4); // Philox gives four words at a time
    if (block !== this.#block) {
      this.#words = philox(this.#seed, this.#name, block);
      this.#block = block;
    }
    return this.#words[this.drawn++ % 4] / 0x100000000;
  }

  integer(below: number): number {
    if (!(below >= 1)) throw new RangeError(`Cannot draw an integer below ${below}: at least 1 is needed`);
    return Math.floor(this.next() * below);
  }
}
