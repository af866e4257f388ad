/** Tests that NumpyRandom gives the numbers of NumPy's RandomState, and MersenneTwister those of MT19937. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { MersenneTwister } from "../../../kernels/random/mersenne_twister.ts";
import { NumpyRandom } from "../../../kernels/random/numpy_random.ts";

// Python: numpy.random.RandomState(seed).randint(0, 2**32, dtype=numpy.uint64) and so on.
Deno.test("MersenneTwister gives the words of NumPy and of the C++ standard", () => {
  const first = (seed: number) => {
    const words = new MersenneTwister(seed);
    return [words.next(), words.next()];
  };
  deepStrictEqual(first(1), [1791095845, 4282876139]);
  deepStrictEqual(first(5489), [3499211612, 581869302]); // MT19937's reference implementation
  const words = new MersenneTwister(5489);
  for (let i = 1; i < 10000; i++) words.next();
  strictEqual(words.next(), 4123659995); // the 10,000th word, from the C++ standard
  for (const seed of [-1, 0.5, 2 ** 32]) {
    throws(() => new MersenneTwister(seed), /whole number from 0 to 4294967295/);
  }
});

// From mt19937ar.out, the output of the reference implementation.
Deno.test("MersenneTwister accepts a list of words as its seed", () => {
  const words = new MersenneTwister([0x123, 0x234, 0x345, 0x456]);
  deepStrictEqual([words.next(), words.next(), words.next()], [1067595299, 955945823, 477289528]);
});

// Python: numpy.random.RandomState(1).randint(7, (5 << 40) + 7, size=6, dtype=numpy.uint64), which rejects
// three of the generator's words.
Deno.test("NumpyRandom.integers() rejects the same words as NumPy", () => {
  const drawn = new NumpyRandom(1).integers(6, { low: 7n, high: (5n << 40n) + 7n });
  deepStrictEqual([...drawn], [
    4561243177202n,
    3075192462988n,
    3638851294151n,
    620178591880n,
    3219807042051n,
    5166185567515n,
  ]);
});

// The test of twoMoons() in the micrograd lesson also uses these methods, and compares the points with those
// of scikit-learn's make_moons(100, noise=.1) for seed 1337.
Deno.test("NumpyRandom.normal() and .shuffle() give NumPy's numbers", () => {
  // numpy.random.RandomState(42).normal(size=3)
  const random = new NumpyRandom(42);
  deepStrictEqual([random.normal(), random.normal(), random.normal()], [
    0.4967141530112327,
    -0.13826430117118466,
    0.6476885381006925,
  ]);
  // numpy.random.RandomState(42).permutation(10)
  const order = Array.from({ length: 10 }, (_, i) => i);
  deepStrictEqual(new NumpyRandom(42).shuffle(order), [8, 1, 5, 0, 7, 2, 9, 4, 3, 6]);
});
