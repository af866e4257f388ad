/** The numbers of torch 2's CPU generator; those of seed 137 stand in llm.c's rand.h. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { sharedTest } from "../../shared_data.ts";

const seed42 = (): TorchRandom => new TorchRandom(42);

/** torch's float32 logarithm and cosine differ by machine in the last bit. */
function close(actual: ArrayLike<number>, wanted: readonly number[]): void {
  wanted.forEach((value, i) =>
    ok(Math.abs(actual[i] - value) <= 1e-6, `${i}: ${actual[i]}, wanted ${value}`)
  );
}

Deno.test("TorchRandom.next() gives torch's words", () => {
  const words = (seed: number, count: number): number[] => {
    const random = new TorchRandom(seed);
    return Array.from({ length: count }, () => random.next());
  };
  deepStrictEqual(words(42, 3), [1608637542, 3421126067, 4083286876]);
  deepStrictEqual(words(137, 5), [4053805790, 2173880614, 380293709, 1237255315, 2986595568]);
});

Deno.test("TorchRandom.randint(), .randperm() are torch's", () => {
  deepStrictEqual([...seed42().randint(8, { high: 100 })], [42, 67, 76, 14, 26, 35, 20, 24]);
  deepStrictEqual([...seed42().randint(8, { low: 5, high: 105 })], [47, 72, 81, 19, 31, 40, 25, 29]);
  deepStrictEqual([...seed42().randperm(10)], [2, 6, 1, 8, 4, 5, 0, 9, 3, 7]);
});

Deno.test("TorchRandom.rand(), .uniform() are torch's", () => {
  close(seed42().rand(3), [.88226926, .91500396, .38286376]);
  close(new TorchRandom(2147483647).rand(3), [.70812887, .35423911, .10543233]);
  close(seed42().uniform(2, { low: -1, high: 1 }), [.76453852, .83000792]);
});

Deno.test("TorchRandom.randn() is torch's: below 16 by pairs, from 16 by blocks, a rest drawn again", () => {
  close(seed42().randn(3), [.33669037, .12880941, .23446237]);
  close(seed42().randn(16), [1.92691529, 1.48728406, .90071720]);
  close(new TorchRandom(2147483647).randn(27 * 27), [1.56736195, -.23729232, -.02738461]);
  const whole = seed42(), rest = seed42();
  const [first, again] = [whole.randn(16), whole.randn(16)];
  deepStrictEqual(rest.randn(17).slice(0, 1), first.slice(0, 1));
  // 17 uniform numbers are drawn, then 16 again for the last 16 elements.
  const drawn = seed42();
  drawn.rand(17);
  deepStrictEqual(seed42().randn(17).slice(1), drawn.randn(16));
  strictEqual(again.length, 16);
  close(seed42().normal(3, { mean: 10, std: 2 }), [10.67338074, 10.25761882, 10.46892474]);
});

Deno.test("TorchRandom.randn() of few elements keeps the second of a pair for the next call", () => {
  const random = seed42(), parts = [...random.randn(1), ...random.randn(1), ...random.randn(1)];
  deepStrictEqual(parts, [...seed42().randn(3)]);
});

Deno.test("TorchRandom.exponential() is torch's", () => {
  close(seed42().exponential(3), [.05991402, .06497613, .13191678]);
});

Deno.test("TorchRandom.multinomialBySums() draws in proportion, never what has no weight", () => {
  const random = seed42(), counts = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) counts[random.multinomialBySums([1, 0, 2, 1])]++;
  strictEqual(counts[1], 0);
  ok(Math.abs(counts[2] - 2000) < 130, `${counts}`); // four standard deviations
});

Deno.test("TorchRandom.multinomialByRace() draws in proportion, never what has no weight", () => {
  const random = seed42(), counts = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) counts[random.multinomialByRace([1, 0, 2, 1])]++;
  strictEqual(counts[1], 0);
  ok(Math.abs(counts[2] - 2000) < 130, `${counts}`);
});

Deno.test("permuting four by Fisher-Yates from the top of torch's words is llm.c's", () => {
  const random = seed42(), order = [0, 1, 2, 3];
  for (let i = 3; i > 0; i--) {
    const j = random.next() % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  deepStrictEqual(order, [1, 0, 3, 2]);
});

// makemore part 1: counts of pairs, one added to each, rows normalized in float32, sampled until the end
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
