/**
 * Sections of the lesson on micrograd that train nets: on four samples, on two moons, and on the moons again
 * with tensors.
 *
 * @module
 */
import { PythonRandom } from "../../../kernels/random/python_random.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { MLP, type Value, value } from "../../../kernels/models/course/micrograd.ts";
import { boundaryChart } from "../../../stages/report/chart/boundary.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, progress, say, table } from "../item.ts";
import { netBeatsLine, rateCalms, tensorsAgree, zeroGradHelps } from "./micrograd_claims.ts";
import { trainOnEngine } from "./micrograd_tensors.ts";
import { bestLine, type LabelledPoint } from "./moons.ts";

const demo = "micrograd, demo.ipynb";
const file = "pipelines/lesson/micrograd/training.ts";

/** 5. A net, a loss, gradient descent, and a common mistake. */
export function* learnFourSamples(seed: number): Generator<Item> {
  yield heading("A net learns four samples");
  const xs = [[2, 3, -1], [3, -1, .5], [.5, 1, 1], [1, 1, -1]], ys = [1, -1, -1, 1];
  const steps = 20, rate = .05;
  const train = (zeroGrad: boolean): { losses: number[]; outputs: number[]; parameters: number } => {
    const net = new MLP(3, [4, 4, 1], {
      random: new PythonRandom(seed),
      activation: "tanh",
      last: "tanh",
      drawBias: true,
    });
    const losses: number[] = [];
    let outputs: number[] = [];
    for (let step = 0; step < steps; step++) {
      const out = xs.map((x) => net.call(x)[0]);
      const loss = total(out.map((o, i) => o.sub(ys[i]).pow(2)));
      if (zeroGrad) net.zeroGrad();
      loss.backward();
      for (const p of net.parameters()) p.data -= rate * p.grad;
      losses.push(loss.data);
      outputs = out.map(({ data }) => data);
    }
    return { losses, outputs, parameters: net.parameters().length };
  };
  const correct = train(true), mistaken = train(false);
  yield say(
    `A multilayer perceptron (MLP) with 3 inputs and layers of 4, 4 and 1 neurons has ${correct.parameters} parameters. Its loss is the sum of the squared errors of four samples. Each step computes the loss (forward pass), sets all grads to 0, computes new ones (backward pass), and moves every parameter by -${rate} times its grad.`,
  );
  yield code(file, "train");
  yield table(
    ["sample", "target", "output in the last step"],
    xs.map((x, i) => [x.join(" "), ys[i], correct.outputs[i]]),
  );
  const [lossWith, lossWithout] = [correct, mistaken].map(({ losses }) => losses[losses.length - 1]);
  yield say(
    "A common mistake is to forget `zeroGrad`, which sets the grads to 0. Grads are added up, so each step then also repeats the gradients of all steps before it.",
  );
  yield claim(zeroGradHelps, { value: lossWith, other: lossWithout });
  yield figure(
    `The loss of ${steps} steps, with the same initial parameters.`,
    lineChart({
      series: [{ name: "with zeroGrad", y: correct.losses }, { name: "without", y: mistaken.losses }],
      xLabel: "step",
      yLabel: "loss",
    }),
  );
}

/**
 * Values printed in the demo's notebook. Each row holds the step, the loss, the precision of the printed
 * loss, and the accuracy in percent.
 */
const published: readonly (readonly [step: number, loss: number, within: number, accuracy: number])[] = [
  [0, .8958441028683222, 1e-12, 50],
  [1, 1.7235905, 1e-7, 81],
  [2, .74290, 1e-5, 77],
  [10, .24507, 1e-5, 91],
  [20, .18978, 1e-5, 91],
  [50, .09875, 1e-5, 96],
  [99, .010978370135492717, 1e-9, 100],
];
const demoSteps = 100;

/** 7. The demo: a net with 337 parameters separates two classes of points. Returns the loss of each step. */
export function* learnPoints(
  points: readonly LabelledPoint[],
  { areMoons, seed, mayDiffer }: {
    /** Whether the points are the lecture's two moons, rather than the student's own points. */
    readonly areMoons: boolean;
    readonly seed: number;
    readonly mayDiffer: string | null;
  },
): Generator<Item, number[]> {
  yield heading(areMoons ? "Two moons" : "Two classes of points");
  const net = demoNet(seed);
  yield say(
    `Each point is of one of two classes. We train a net with two hidden layers of 16 ReLU neurons. Its loss is 0 only if every point is on the correct side, and with a margin: \`mean(relu(1 - label·score))\`. To keep the parameters small, \`1e-4\` times the sum of their squares is added. There are ${demoSteps} steps with all points in each; the learning rate falls from 1 to 0.1.`,
  );
  yield code(file, "step");
  yield check({ name: "parameters", ours: net.parameters().length, lecture: 337, source: demo });
  const losses: number[] = [], accuracies: number[] = [];
  for (let step = 0; step < demoSteps; step++) {
    // #region step
    const scores = points.map(({ x, y }) => net.call([x, y])[0]);
    const hinges = scores.map((score, i) => score.mul(-points[i].label).add(1).relu());
    const penalty = total(net.parameters().map((p) => p.mul(p))).mul(1e-4);
    const loss = total(hinges).mul(1 / points.length).add(penalty);
    net.zeroGrad();
    loss.backward();
    for (const p of net.parameters()) p.data -= (1 - .9 * step / demoSteps) * p.grad;
    // #endregion
    losses.push(loss.data);
    const correct = scores.filter(({ data }, i) => data > 0 === points[i].label > 0).length;
    accuracies.push(100 * correct / points.length);
    yield progress(
      `step ${step} of ${demoSteps}: loss ${loss.data.toFixed(4)}, ${accuracies[step].toFixed(0)} % correct`,
    );
  }
  yield figure(
    `The loss of ${demoSteps} steps, and the points on the correct side before each.`,
    lineChart({ title: "loss", series: [{ name: "loss", y: losses }], xLabel: "step", logY: true }),
    lineChart({
      title: "points on the correct side, %",
      series: [{ name: "correct", y: accuracies }],
      xLabel: "step",
    }),
  );
  yield claim(rateCalms, risesOf(losses));
  for (const [step, loss, within, accuracy] of published) {
    yield check({
      name: `loss at step ${step}`,
      ours: losses[step],
      lecture: loss,
      within,
      source: demo,
      mayDiffer,
    });
    yield check({
      name: `accuracy at step ${step}, %`,
      ours: accuracies[step],
      lecture: accuracy,
      source: demo,
      mayDiffer,
    });
  }
  yield check({
    name: "first step with accuracy 100 %",
    ours: accuracies.indexOf(100),
    lecture: 40,
    source: demo,
    mayDiffer,
  });
  const range = (values: readonly number[]): [number, number] => [
    Math.min(...values) - 1,
    Math.max(...values) + 1,
  ];
  const xs = range(points.map(({ x }) => x)), ys = range(points.map(({ y }) => y));
  const span = Math.max(xs[1] - xs[0], ys[1] - ys[0]);
  yield figure(
    "The net's score is positive on one side of the line and negative on the other.",
    boundaryChart({
      x: xs,
      y: ys,
      step: Math.max(.125, span / 100), // a score takes long with one object for each number
      score: (x, y) => net.call([x, y])[0].data,
      points: points.map(({ x, y, label }) => ({ x, y, group: label === 1 ? 1 : 0 })),
      groups: ["label -1", "label 1"],
    }),
  );
  const last = points.filter(({ x, y, label }) => net.call([x, y])[0].data > 0 === label > 0).length;
  yield claim(netBeatsLine, { line: 100 * bestLine(points), net: 100 * last / points.length });
  return losses;
}

function demoNet(seed: number): MLP {
  return new MLP(2, [16, 16, 1], { random: new PythonRandom(seed) });
}

/** Returns in how many steps of each half the loss rose. */
function risesOf(losses: readonly number[]): { half: number; early: number; late: number } {
  const half = losses.length / 2;
  const rises = (from: number, to: number): number =>
    losses.slice(from, to).filter((loss, i) => loss > losses[from + i - 1]).length;
  return { half, early: rises(1, half), late: rises(half, losses.length) };
}

/** 8. The same training with the kernels, on tensors instead of single numbers. */
export async function* sameWithTensors(
  points: readonly LabelledPoint[],
  { seed, engine, losses }: {
    readonly seed: number;
    readonly engine: Engine;
    readonly losses: readonly number[];
  },
): AsyncGenerator<Item> {
  yield heading("The same net, as tensors");
  const net = demoNet(seed), parameters = net.parameters().length;
  // Each point needs a product and a sum for each weight.
  const count = Number((2 * points.length * parameters).toPrecision(2));
  yield say(
    `With one object for each number, ${points.length} points and ${parameters} parameters make about ${
      count.toLocaleString("en-US")
    } Values per step. The rest of this project puts all points into one tensor, and the weights of a layer into another. Here are the same steps on ${engine.device}, in float32:`,
  );
  const began = performance.now();
  const tensorLosses = await trainOnEngine(points, { engine, net, steps: demoSteps });
  const seconds = (performance.now() - began) / 1000;
  yield table(
    ["step", "scalars", "tensors", "difference"],
    [0, 1, 2, 10, 20].map((step) => {
      return [step, losses[step], tensorLosses[step], Math.abs(losses[step] - tensorLosses[step])];
    }),
  );
  yield say(`The ${demoSteps} steps took ${seconds.toFixed(2)} seconds.`);
  const compared = losses.slice(0, 20);
  const difference = Math.max(...compared.map((loss, step) => Math.abs(tensorLosses[step] / loss - 1)));
  yield claim(tensorsAgree, { steps: compared.length, difference });
}

/** Returns the sum of Values, from left to right. */
function total(values: readonly Value[]): Value {
  return values.reduce((sum, term) => sum.add(term), value(0));
}
