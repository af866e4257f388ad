/** Tests the parts of the lesson on micrograd: its data, its drawing of a Value, and its net on an engine. */
import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { openReference } from "../../../../kernels/engine/reference.ts";
import { MLP, value } from "../../../../kernels/models/course/micrograd.ts";
import { PythonRandom } from "../../../../kernels/random/python_random.ts";
import micrograd from "../../../../pipelines/micrograd.ts";
import { tensorsAgree, zeroGradHelps } from "../../../../pipelines/lesson/micrograd/micrograd_claims.ts";
import { trainOnEngine } from "../../../../pipelines/lesson/micrograd/micrograd_tensors.ts";
import { twoMoons } from "../../../../pipelines/lesson/micrograd/moons.ts";
import { valueGraph } from "../../../../pipelines/lesson/micrograd/value_graph.ts";
import { runLesson } from "../run_lesson.ts";
import { withFile } from "../../../temporary.ts";

// scikit-learn: np.random.seed(1337); make_moons(n_samples=100, noise=0.1)
Deno.test("twoMoons() returns scikit-learn's points", () => {
  const moons = twoMoons(100, { noise: .1, seed: 1337 });
  deepStrictEqual(moons.slice(0, 2).map(({ x, y }) => [x, y]), [
    [1.1221146075409685, .08147717341718697],
    [-.8188294130836691, .058790063907949996],
  ]);
  deepStrictEqual(moons.slice(0, 10).map(({ label }) => label), [-1, -1, 1, -1, 1, 1, 1, 1, 1, -1]);
  strictEqual(moons.filter(({ label }) => label === 1).length, 50);
});

Deno.test("valueGraph() shows label, data, grad and operation of each Value", async () => {
  const a = value(2, "a"), b = value(-3, "b"), c = a.mul(b);
  c.label = "c";
  c.backward();
  deepStrictEqual(valueGraph(c).lines(80), [
    "#1 a  data 2.0000  grad -3.0000",
    "#2 b  data -3.0000  grad 2.0000",
    "#3 c  data -6.0000  grad 1.0000  = *(#1, #2)",
  ]);
  const html = await valueGraph(c, { direction: "TB" }).html();
  for (const field of ["a", "data 2.0000", "grad -3.0000", "*"]) ok(html.includes(`>${field}<`), field);
  const direction: any = "up";
  throws(() => valueGraph(c, { direction }).html(), { name: "RangeError", message: /give LR or TB/ });
});

Deno.test("trainOnEngine() reproduces the losses of micrograd's demo", async () => {
  const moons = twoMoons(100, { noise: .1, seed: 1337 });
  const net = new MLP(2, [16, 16, 1], { random: new PythonRandom(1337) });
  const losses = await trainOnEngine(moons, { engine: openReference(), net, steps: 21 });
  for (
    const [step, expected] of [[0, .8958441028683222], [1, 1.7235905], [2, .7429006], [10, .2450702], [
      20,
      .1897752,
    ]]
  ) {
    ok(Math.abs(losses[step] - expected) < 1e-6, `step ${step}: ${losses[step]}, expected ${expected}`);
  }
});

Deno.test("zeroGradHelps says that the problem was solved only of a loss below that of one wrong sign", () => {
  match(
    zeroGradHelps.no({ value: .9, other: .9 }),
    /Such a small problem can be solved in spite of the mistake/,
  );
  match(zeroGradHelps.no({ value: 8, other: 1 }), /Here the mistake costs nothing/);
});

Deno.test("tensorsAgree tells of a loss that is not finite", () => {
  for (const difference of [NaN, Infinity]) {
    strictEqual(tensorsAgree.holds({ steps: 20, difference }), false);
    match(tensorsAgree.no({ steps: 20, difference }), /a loss is no longer finite\.$/);
  }
  match(tensorsAgree.no({ steps: 20, difference: 1e-4 }), /a loss differs by 0\.0001 of its size/);
});

Deno.test("micrograd draws points that are far apart in no more time than the moons", () => {
  const points = Array.from({ length: 12 }, (_, i) => `${1000 * i} ${i % 5} ${i % 2}`);
  return withFile(points.join("\n"), async (source) => {
    const { text } = await runLesson(micrograd, { source });
    match(text, /The\s+net's\s+score\s+is\s+positive\s+on\s+one\s+side/);
    match(text, /In\s+the\s+first\s+20\s+steps/);
  });
});
