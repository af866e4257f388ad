import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { names, text } from "../../../pipelines/lesson/data.ts";
import { points, twoMoons } from "../../../pipelines/lesson/micrograd/moons.ts";
import { valueGraph } from "../../../pipelines/lesson/micrograd/value_graph.ts";
import { value } from "../../../kernels/models/course/micrograd.ts";
import { sharedTest } from "../../shared_data.ts";
import { withFile } from "../../temporary.ts";

Deno.test("names and text install with the program", async () => {
  const { words, isLectureData } = await names.open(null);
  ok(words.length > 7000 && words.every((word) => /^[a-z]+$/.test(word)), `${words.length}`);
  strictEqual(new Set(words).size, words.length);
  strictEqual(isLectureData, false);
  const speeches = await text.open(null);
  ok(speeches.text.length > 1e6 && !speeches.isLectureData);
  strictEqual(speeches.text, (await text.open(null)).text);
});

sharedTest(
  "names and text know the lecture's files",
  ["text/names.txt", "text/tinyshakespeare.txt"],
  async (path) => {
    const { words, isLectureData } = await names.open(path("text/names.txt"));
    deepStrictEqual([words.length, words[0], isLectureData], [32033, "emma", true]);
    const shakespeare = await text.open(path("text/tinyshakespeare.txt"));
    deepStrictEqual([shakespeare.text.length, shakespeare.isLectureData], [1_115_394, true]);
  },
);

Deno.test("names, text and points of a student's own file, and what is wrong with one", async () => {
  await withFile("anna\n\n otto \n".repeat(5), async (path) => {
    const { words, isLectureData } = await names.open(path);
    deepStrictEqual([words.length, words[1], isLectureData], [10, "otto", false]);
    await rejects(text.open(path), /characters: give at least 1000/);
    await rejects(points.open(path), /line 1 of .*: expected "x y label"/);
  });
  await withFile("0 1 0\n2,3,1\n", async (path) => {
    deepStrictEqual((await points.open(path)).points, [{ x: 0, y: 1, label: -1 }, { x: 2, y: 3, label: 1 }]);
    await rejects(names.open(path), /it has 2 words: give at least 10/);
  });
  await withFile("0 1 0\n", (path) => rejects(points.open(path), /all of one class/));
  await rejects(names.open("/no/such.txt"), Deno.errors.NotFound);
});

// scikit-learn: np.random.seed(1337); make_moons(n_samples=100, noise=0.1)
Deno.test("twoMoons() are scikit-learn's", () => {
  const moons = twoMoons(100, { noise: .1, seed: 1337 });
  deepStrictEqual(moons.slice(0, 2).map(({ x, y }) => [x, y]), [
    [1.1221146075409685, .08147717341718697],
    [-.8188294130836691, .058790063907949996],
  ]);
  deepStrictEqual(moons.slice(0, 10).map(({ label }) => label), [-1, -1, 1, -1, 1, 1, 1, 1, 1, -1]);
  strictEqual(moons.filter(({ label }) => label === 1).length, 50);
});

Deno.test("valueGraph() draws each Value with data and grad to four decimals, and its operation", () => {
  const a = value(2, "a"), b = value(-3, "b"), c = a.mul(b);
  c.label = "c";
  c.backward();
  deepStrictEqual(valueGraph(c).lines(80), [
    "#1 a  data 2.0000  grad -3.0000",
    "#2 b  data -3.0000  grad 2.0000",
    "#3 c  data -6.0000  grad 1.0000  = *(#1, #2)",
  ]);
  const html = valueGraph(c, { direction: "TB" }).html();
  for (const field of ["a", "data 2.0000", "grad -3.0000", "*"]) ok(html.includes(`>${field}<`), field);
  const direction: any = "up";
  throws(() => valueGraph(c, { direction }).html(), { name: "RangeError", message: /give LR or TB/ });
});
