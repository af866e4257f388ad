/**
 * Tests that TorchRandom gives the numbers of PyTorch 2's CPU generator. The numbers for seed 137 come from
 * llm.c's rand.h.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { sharedTest } from "../../shared_data.ts";

const seed42 = (): TorchRandom => new TorchRandom(42);

/**
 * Compares to within 1e-6: PyTorch's float32 logarithm and cosine differ between machines in the last bit.
 */
function close(actual: ArrayLike<number>, expected: readonly number[]): void {
  expected.forEach((value, i) =>
    ok(Math.abs(actual[i] - value) <= 1e-6, `${i}: ${actual[i]}, expected ${value}`)
  );
}

Deno.test("TorchRandom.next() gives PyTorch's words", () => {
  const words = (seed: number, count: number): number[] => {
    const random = new TorchRandom(seed);
    return Array.from({ length: count }, () => random.next());
  };
  deepStrictEqual(words(42, 3), [1608637542, 3421126067, 4083286876]);
  deepStrictEqual(words(137, 5), [4053805790, 2173880614, 380293709, 1237255315, 2986595568]);
});

Deno.test("TorchRandom.randint() and .randperm() give PyTorch's numbers", () => {
  deepStrictEqual([...seed42().randint(8, { high: 100 })], [42, 67, 76, 14, 26, 35, 20, 24]);
  deepStrictEqual([...seed42().randint(8, { low: 5, high: 105 })], [47, 72, 81, 19, 31, 40, 25, 29]);
  deepStrictEqual([...seed42().randperm(10)], [2, 6, 1, 8, 4, 5, 0, 9, 3, 7]);
});

Deno.test("TorchRandom.rand() and .uniform() give PyTorch's numbers", () => {
  close(seed42().rand(3), [.88226926, .91500396, .38286376]);
  close(new TorchRandom(2147483647).rand(3), [.70812887, .35423911, .10543233]);
  close(seed42().uniform(2, { low: -1, high: 1 }), [.76453852, .83000792]);
});

Deno.test("TorchRandom.randn() gives PyTorch's numbers: in pairs below 16, in blocks from 16, the last 16 redrawn", () => {
  close(seed42().randn(3), [.33669037, .12880941, .23446237]);
  close(seed42().randn(16), [1.92691529, 1.48728406, .90071720]);
  close(new TorchRandom(2147483647).randn(27 * 27), [1.56736195, -.23729232, -.02738461]);
  const whole = seed42(), rest = seed42();
  const [first, again] = [whole.randn(16), whole.randn(16)];
  deepStrictEqual(rest.randn(17).slice(0, 1), first.slice(0, 1));
  // randn(17) uses 17 uniform numbers, and then 16 more for the last 16 elements.
  const drawn = seed42();
  drawn.rand(17);
  deepStrictEqual(seed42().randn(17).slice(1), drawn.randn(16));
  strictEqual(again.length, 16);
  close(seed42().normal(3, { mean: 10, std: 2 }), [10.67338074, 10.25761882, 10.46892474]);
});

Deno.test("TorchRandom.randn() of few elements returns the second number of a pair in the next call", () => {
  const random = seed42(), parts = [...random.randn(1), ...random.randn(1), ...random.randn(1)];
  deepStrictEqual(parts, [...seed42().randn(3)]);
});

Deno.test("TorchRandom.exponential() gives PyTorch's numbers", () => {
  close(seed42().exponential(3), [.05991402, .06497613, .13191678]);
});

Deno.test("TorchRandom.multinomialBySums() draws in proportion to the weights, and never a weight of 0", () => {
  const random = seed42(), counts = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) counts[random.multinomialBySums([1, 0, 2, 1])]++;
  strictEqual(counts[1], 0);
  ok(Math.abs(counts[2] - 2000) < 130, `${counts}`); // four standard deviations
});

Deno.test("TorchRandom.multinomialByRace() draws in proportion to the weights, and never a weight of 0", () => {
  const random = seed42(), counts = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) counts[random.multinomialByRace([1, 0, 2, 1])]++;
  strictEqual(counts[1], 0);
  ok(Math.abs(counts[2] - 2000) < 130, `${counts}`);
});

Deno.test("a Fisher-Yates shuffle with PyTorch's words gives llm.c's order of four", () => {
  const random = seed42(), order = [0, 1, 2, 3];
  for (let i = 3; i > 0; i--) {
    const j = random.next() % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  deepStrictEqual(order, [1, 0, 3, 2]);
});

// From makemore part 1: bigram counts plus one, rows normalized in float32, and letters sampled until the end
// mark.
sharedTest(
  "TorchRandom.multinomialBySums() gives makemore's published names",
  ["text/names.txt"],
  async (path) => {
    const words = (await Deno.readTextFile(path("text/names.txt"))).split("\n");
    const counts = Array.from({ length: 27 }, () => new Float32Array(27).fill(1));
    const id = (letter: string): number => letter === "." ? 0 : letter.charCodeAt(0) - 96;
    for (const word of words) {
      const letters = [..."." + word + "."];
      for (let i = 1; i < letters.length; i++) counts[id(letters[i - 1])][id(letters[i])]++;
    }
    const rows = counts.map((row) => row.map((count) => count / row.reduce((sum, n) => sum + n)));
    const random = new TorchRandom(2147483647);
    const names = Array.from({ length: 5 }, () => {
      let name = "", at = 0;
      do {
        at = random.multinomialBySums(rows[at]);
        name += at === 0 ? "." : String.fromCharCode(96 + at);
      } while (at !== 0);
      return name;
    });
    deepStrictEqual(names, ["mor.", "axx.", "minaymoryles.", "kondlaisah.", "anchshizarie."]);
  },
);
