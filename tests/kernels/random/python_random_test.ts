/** Tests that PythonRandom gives the numbers of CPython 3's `random` module. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { PythonRandom } from "../../../kernels/random/python_random.ts";
import { sharedTest } from "../../shared_data.ts";

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

Deno.test("PythonRandom gives Python's numbers", () => {
  strictEqual(new PythonRandom(42).random(), .6394267984578837);
  deepStrictEqual(new PythonRandom(42).shuffle(range(10)), [7, 3, 2, 8, 5, 6, 9, 4, 0, 1]);
  const random = new PythonRandom(1337); // the first weights of Neuron(2) in micrograd's demo
  deepStrictEqual([random.uniform(-1, 1), random.uniform(-1, 1)], [.23550571390294128, .06653114721000164]);
});

// Python: random.seed(2**40 + 7), a seed of two 32-bit words.
Deno.test("PythonRandom.randint() and .choice() give Python's numbers, also with a seed of two words", () => {
  const random = new PythonRandom(2 ** 40 + 7);
  deepStrictEqual([random.random(), random.random()], [0.6137037779936511, 0.8149162973309487]);
  deepStrictEqual(range(5).map(() => random.randint(1, 6)), [6, 5, 6, 4, 3]);
  deepStrictEqual(range(5).map(() => random.choice([..."abcdefg"])).join(""), "ebede");
});

Deno.test("PythonRandom refuses seeds that are not whole numbers, and choice() of no items", () => {
  for (const seed of [-1, .5, 2 ** 53]) throws(() => new PythonRandom(seed), /whole number from 0 to/);
  throws(() => new PythonRandom(1).choice([]), /at least one/);
});

sharedTest(
  "PythonRandom.shuffle() puts the names into the order of the makemore lectures",
  ["text/names.txt"],
  async (path) => {
    const names = (await Deno.readTextFile(path("text/names.txt"))).trim().split("\n");
    new PythonRandom(42).shuffle(names);
    deepStrictEqual(names.slice(0, 8).join(" "), "yuheng diondre xavien jori juanluis erandi phia samatha");
    deepStrictEqual(names.slice(-3).join(" "), "opal zaylynn yovani");
  },
);
