/**
 * PyTorch's CPU generator. It returns the same numbers as PyTorch for the same seed, so a lesson prints the
 * same numbers as the notebook that it follows. Whole and uniform numbers are exact. Normal and exponential
 * numbers are within 1e-6, because PyTorch's float32 logarithm and cosine differ between machines in the last
 * bit.
 *
 * Source: PyTorch, aten/src/ATen/native/cpu/DistributionTemplates.h and core/DistributionsHelper.h.
 *
 * @module
 */
import { MersenneTwister } from "./mersenne_twister.ts";

const f32 = Math.fround;
const BLOCK = 16; // PyTorch makes 16 or more normal numbers in blocks of this size

/** `torch.Generator().manual_seed(seed)`. Results are flat arrays of elements in order. */
export class TorchRandom {
  readonly #words: MersenneTwister;
  #spare: number | null = null; // second number of a pair; fewer than 16 normal numbers are made in pairs

  /** Throws RangeError for a seed that is not a whole number from 0 to 2^32 - 1. */
  constructor(seed: number) {
    this.#words = new MersenneTwister(seed);
  }

  /** Returns the next 32 random bits, as a whole number from 0 to 2^32 - 1. */
  next(): number {
    return this.#words.next();
  }

  /** Returns a uniform number in [0, 1) with 53 random bits, as for an element of a float64 tensor. */
  double(): number {
    const high = this.next() & 0x1FFFFF;
    return (high * 2 ** 32 + this.next()) / 2 ** 53;
  }

  /** Returns a uniform number in [0, 1) with 24 random bits, as for an element of a float32 tensor. */
  float(): number {
    return (this.next() & 0xFFFFFF) / 2 ** 24;
  }

  /** `rand(count)`. */
  rand(count: number): Float32Array<ArrayBuffer> {
    return this.uniform(count, { low: 0, high: 1 });
  }

  /** Computes `empty(count).uniform_(low, high)`. */
  uniform(
    count: number,
    { low, high }: { readonly low: number; readonly high: number },
  ): Float32Array<ArrayBuffer> {
    const from = f32(low), range = f32(f32(high) - from);
    return Float32Array.from({ length: count }, () => f32(this.float() * range) + from);
  }

  /** Computes `randint(low, high, (count,))`: whole numbers from `low` to `high - 1`. */
  randint(
    count: number,
    { low = 0, high }: { readonly low?: number; readonly high: number },
  ): Uint32Array<ArrayBuffer> {
    return Uint32Array.from({ length: count }, () => low + this.next() % (high - low));
  }

  /** `randn(count)`. */
  randn(count: number): Float32Array<ArrayBuffer> {
    return this.normal(count, { mean: 0, std: 1 });
  }

  /** Computes `normal(mean, std, (count,))`. */
  normal(
    count: number,
    { mean, std }: { readonly mean: number; readonly std: number },
  ): Float32Array<ArrayBuffer> {
    if (count < BLOCK) return Float32Array.from({ length: count }, () => this.#normalDouble() * std + mean);
    const out = this.rand(count);
    for (let at = 0; at + BLOCK <= count; at += BLOCK) boxMuller(out.subarray(at, at + BLOCK), { mean, std });
    if (count % BLOCK !== 0) { // if the last block is incomplete, redraws the last 16 numbers
      const last = out.subarray(count - BLOCK);
      last.set(this.rand(BLOCK));
      boxMuller(last, { mean, std });
    }
    return out;
  }

  /** Computes `randperm(count)`: 0 to `count - 1` in a random order. */
  randperm(count: number): Uint32Array<ArrayBuffer> {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = 0; i < count - 1; i++) {
      const j = i + this.next() % (count - i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** Computes `empty(count).exponential_()`: exponentially distributed numbers of mean 1. */
  exponential(count: number): Float32Array<ArrayBuffer> {
    return Float32Array.from({ length: count }, () => -Math.log1p(-this.double()));
  }

  /**
   * Computes `multinomial(weights, 1)` as in the PyTorch version that the lectures use: a binary search for a
   * uniform number in the cumulative sums of the weights. It reproduces the published samples. Weights need
   * not sum to 1.
   */
  multinomialBySums(weights: ArrayLike<number>): number {
    const sums = new Float32Array(weights.length);
    for (let i = 0, sum = 0; i < sums.length; i++) sums[i] = sum = f32(sum + f32(weights[i]));
    const total = sums[sums.length - 1], drawn = this.double();
    let low = 0, high = sums.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (f32(sums[middle] / total) < drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Computes `multinomial(weights, 1)` as in current PyTorch versions: the index of the largest quotient of a
   * weight and an exponential random number.
   */
  multinomialByRace(weights: ArrayLike<number>): number {
    const times = this.exponential(weights.length);
    let best = 0, most = -Infinity;
    for (let i = 0; i < times.length; i++) {
      const quotient = f32(f32(weights[i]) / times[i]);
      if (quotient > most) [best, most] = [i, quotient];
    }
    return best;
  }

  /**
   * Returns a normally distributed number in float64, by the Box-Muller transform. The next call returns the
   * second number of the pair.
   */
  #normalDouble(): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    const angle = 2 * Math.PI * this.double();
    const radius = Math.sqrt(-2 * Math.log1p(-this.double()));
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/**
 * Transforms 16 uniform numbers to normally distributed numbers in float32. The first eight give the radii
 * and the last eight give the angles.
 */
function boxMuller(
  block: Float32Array,
  { mean, std }: { readonly mean: number; readonly std: number },
): void {
  for (let i = 0; i < BLOCK / 2; i++) {
    const radius = f32(Math.sqrt(f32(-2 * f32(Math.log(1 - block[i])))));
    const angle = f32(f32(2 * Math.PI) * block[i + BLOCK / 2]);
    block[i] = f32(f32(radius * f32(Math.cos(angle))) * f32(std)) + f32(mean);
    block[i + BLOCK / 2] = f32(f32(radius * f32(Math.sin(angle))) * f32(std)) + f32(mean);
  }
}
