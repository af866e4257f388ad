/**
 * Lesson 1: what a derivative is, a number that remembers how it was made, and a net of such numbers that learns.
 *
 * After Karpathy, "The spelled-out intro to neural networks and backpropagation: building micrograd".
 *
 * @module
 */
import { PythonRandom } from "../kernels/random/python_random.ts";
import type { Engine } from "../kernels/engine/engine.ts";
import { MLP, Neuron, type Value, value } from "../kernels/models/course/micrograd.ts";
import { boundaryChart } from "../stages/report/chart/boundary.ts";
import { lineChart } from "../stages/report/chart/line.ts";
import { check, figure, heading, type Item, progress, say, table } from "./lesson/item.ts";
import { lesson } from "./lesson/lesson.ts";
import { type LabelledPoint, points, twoMoons } from "./lesson/micrograd/moons.ts";
import {
  gradientByDifference,
  gradientByFormula,
  gradientBySymmetricDifference,
  softmaxLoss,
} from "./lesson/micrograd/micrograd_solutions.ts";
import { trainOnEngine } from "./lesson/micrograd/micrograd_tensors.ts";
import { valueGraph } from "./lesson/micrograd/value_graph.ts";

const notebook = "micrograd lecture, first notebook";
const demo = "micrograd, demo.ipynb";

export default lesson({
  part: 1,
  about: "derivatives, backpropagation through scalars, a net that tells two moons apart",
  short: null, // all of the lecture, in seconds
  seed: 1337,
  data: points,
  options: {},
  async *run(o, env) {
    yield* derivatives();
    yield* oneExpression();
    yield* oneNeuron();
    yield* usedTwice();
    yield* fourSamples(o.seed);
    yield* libraryTests(o.seed, env.reasonToDiffer());
    const moons = env.data.points ?? twoMoons(100, { noise: .1, seed: o.seed });
    const learned = yield* moonsLesson(moons, { seed: o.seed, reasonToDiffer: env.reasonToDiffer() });
    yield* sameOnEngine(moons, { seed: o.seed, engine: await env.engine(), losses: learned });
  },
  exercises: {
    E01: {
      ask:
        "Write the gradient of f(a, b, c) = -a³ + sin(3b) - 1/c + b^2.5 - a^0.5 at (2, 3, 4) as a formula.",
      solution: gradientByFormula,
    },
    E02: {
      ask: "Find it without a formula, from f at points that are h apart.",
      solution: gradientByDifference,
    },
    E03: {
      ask: "There is a better way to take the difference, with an error of h² instead of h. Use it.",
      solution: gradientBySymmetricDifference,
    },
    E04: {
      ask:
        "Give your Value what this needs: the negative log-likelihood of the softmax of four logits. Check its gradients against another implementation.",
      solution: (_o, env) => softmaxLoss(env.engine),
    },
  },
});

/** 1. A derivative is what comes out more when a little more is put in. */
function* derivatives(): Generator<Item> {
  yield heading("What a derivative is");
  const f = (x: number): number => 3 * x ** 2 - 4 * x + 5;
  const xs = Array.from({ length: 41 }, (_, i) => -5 + i / 4);
  yield say(
    "Take `f(x) = 3x² - 4x + 5`. Nudge x by a little h and see how f answers: `(f(x + h) - f(x)) / h`.",
  );
  yield figure(
    "Down, flat near 2/3, up.",
    lineChart({ title: "f", series: [{ name: "f", x: xs, y: xs.map(f) }] }),
  );
  const slope = (x: number, h: number): number => (f(x + h) - f(x)) / h;
  yield check({ name: "f(3)", ours: f(3), lecture: 20, source: notebook });
  yield table(["x", "h", "slope"], [[3, .001, slope(3, .001)], [-3, .001, slope(-3, .001)], [
    2 / 3,
    .001,
    slope(2 / 3, .001),
  ]]);
  yield say(
    "By the rules of school the slope is 6x - 4: 14, -22, and 0 at 2/3, where f neither rises nor falls.",
  );
}

/** 2. Each value knows what it was made from; walking back multiplies slopes. */
function* oneExpression(): Generator<Item> {
  yield heading("A number that remembers how it was made");
  const [a, b, c, f] = [value(2, "a"), value(-3, "b"), value(10, "c"), value(-2, "f")];
  const forward = (): Value => {
    const e = a.mul(b), d = e.add(c), L = d.mul(f);
    [e.label, d.label, L.label] = ["e", "d", "L"];
    return L;
  };
  const L = forward();
  yield say(
    "`L = (a·b + c)·f`. Forward, each Value computes its data and keeps what it came from and the slope towards each of them.",
  );
  L.backward();
  yield say(
    "Backward, from L: its own grad is 1, and each Value hands its grad times the slope to what it came from. That is the chain rule, and all of backpropagation.",
  );
  yield figure("The grad of a Value says by how much L rises when that Value does.", valueGraph(L));
  yield check({ name: "L", ours: L.data, lecture: -8, source: notebook });
  for (const [leaf, lecture] of [[a, 6], [b, -4], [c, -2], [f, 4]] as const) {
    yield check({ name: `dL/d${leaf.label}`, ours: leaf.grad, lecture, source: notebook });
  }
  for (const leaf of [a, b, c, f]) leaf.data += .01 * leaf.grad;
  yield say("Now move every leaf by 0.01 of its grad, and L must rise:");
  yield check({
    name: "L after the step",
    ours: forward().data,
    lecture: -7.286496,
    within: 1e-9,
    source: notebook,
  });
}

/** 3. A neuron: weights, bias, tanh; and tanh taken apart. */
function* oneNeuron(): Generator<Item> {
  yield heading("A neuron");
  const neuron = (squash: (n: Value) => Value): { out: Value; leaves: Value[] } => {
    const leaves = [
      value(2, "x1"),
      value(0, "x2"),
      value(-3, "w1"),
      value(1, "w2"),
      value(6.8813735870195432, "b"),
    ];
    const [x1, x2, w1, w2, b] = leaves;
    const n = x1.mul(w1).add(x2.mul(w2)).add(b);
    n.label = "n";
    const out = squash(n);
    out.label = "o";
    out.backward();
    return { out, leaves };
  };
  const whole = neuron((n) => n.tanh());
  yield say("`o = tanh(x1·w1 + x2·w2 + b)`. The slope of tanh is `1 - o²`, here one half.");
  yield figure("w2 has grad 0: its input is 0, so it does not matter.", valueGraph(whole.out));
  yield check({ name: "o", ours: whole.out.data, lecture: Math.SQRT1_2, within: 1e-12, source: notebook });
  const wanted: readonly (readonly [number, number])[] = [[0, -1.5], [2, 1], [1, .5], [3, 0]];
  for (const [i, lecture] of wanted) {
    const { label, grad } = whole.leaves[i];
    yield check({ name: `do/d${label}`, ours: grad, lecture, within: 1e-12, source: notebook });
  }
  const parts = neuron((n) => {
    const e = n.mul(2).exp();
    return e.sub(1).div(e.add(1));
  });
  yield say(
    "How fine the operations are is a matter of taste: tanh taken apart into `(e^2n - 1) / (e^2n + 1)` gives the same.",
  );
  const apart = Math.max(...parts.leaves.map((leaf, i) => Math.abs(leaf.grad - whole.leaves[i].grad)));
  yield table(["tanh", "o", "largest difference of a grad"], [["in one", whole.out.data, 0], [
    "of exp",
    parts.out.data,
    apart,
  ]]);
}

/** 4. Why grads are added, not set. */
function* usedTwice(): Generator<Item> {
  yield heading("A value used twice");
  const a = value(3, "a"), b = a.add(a);
  b.label = "b";
  b.backward();
  yield say(
    "`b = a + a`: both uses of a hand it a grad. Setting instead of adding would lose one, and give 1.",
  );
  yield check({ name: "db/da", ours: a.grad, lecture: 2, source: notebook });
}

/** 5. A net, a loss, gradient descent, and the fault that everybody makes once. */
function* fourSamples(seed: number): Generator<Item> {
  yield heading("A net learns four samples");
  const xs = [[2, 3, -1], [3, -1, .5], [.5, 1, 1], [1, 1, -1]], ys = [1, -1, -1, 1];
  const train = (clears: boolean): { losses: number[]; last: number[] } => {
    const net = new MLP(3, [4, 4, 1], {
      random: new PythonRandom(seed),
      activation: "tanh",
      last: "tanh",
      drawBias: true,
    });
    const losses: number[] = [];
    let last: number[] = [];
    for (let step = 0; step < 20; step++) {
      const out = xs.map((x) => net.call(x)[0]);
      const loss = total(out.map((o, i) => o.sub(ys[i]).pow(2)));
      if (clears) net.zeroGrad();
      loss.backward();
      for (const p of net.parameters()) p.data -= .05 * p.grad;
      losses.push(loss.data);
      last = out.map(({ data }) => data);
    }
    return { losses, last };
  };
  const right = train(true), wrong = train(false);
  yield say(
    "An MLP of 3 inputs, layers of 4, 4 and 1 neurons: 41 parameters. The loss is the sum of squared errors; each step: forward, clear the grads, backward, move every parameter by -0.05 of its grad.",
  );
  yield table(["sample", "wanted", "after 20 steps"], xs.map((x, i) => [x.join(" "), ys[i], right.last[i]]));
  yield say(
    "The fault: grads are added to, so without `zeroGrad` each step also takes all the steps before it again. Its strides grow, whatever the slope says by then.",
  );
  yield figure(
    "Twenty steps of each.",
    lineChart({
      series: [{ name: "with zeroGrad", y: right.losses }, { name: "forgotten", y: wrong.losses }],
      xLabel: "step",
      yLabel: "loss",
    }),
  );
}

/** 6. The two tests that micrograd holds itself to, and its drawing of a neuron. */
function* libraryTests(seed: number, reasonToDiffer: string | null): Generator<Item> {
  yield heading("Harder expressions");
  const x = value(-4), z = x.mul(2).add(2).add(x), q = z.relu().add(z.mul(x)), h = z.mul(z).relu();
  const y = h.add(q).add(q.mul(x));
  y.backward();
  const tests = "micrograd, test_engine.py";
  yield check({ name: "first test: y", ours: y.data, lecture: -20, source: tests });
  yield check({ name: "first test: dy/dx", ours: x.grad, lecture: 46, source: tests });
  const a = value(-4), b = value(2);
  let c = a.add(b), d = a.mul(b).add(b.pow(3));
  c = c.add(c.add(1));
  c = c.add(value(1).add(c).add(a.neg()));
  d = d.add(d.mul(2).add(b.add(a).relu()));
  d = d.add(d.mul(3).add(b.sub(a).relu()));
  const f = c.sub(d).pow(2), g = f.div(2).add(value(10).div(f));
  g.backward();
  yield check({
    name: "second test: g",
    ours: g.data,
    lecture: 24.70408163265306,
    within: 1e-6,
    source: tests,
  });
  yield check({
    name: "second test: dg/da",
    ours: a.grad,
    lecture: 138.83381924198252,
    within: 1e-6,
    source: tests,
  });
  yield check({
    name: "second test: dg/db",
    ours: b.grad,
    lecture: 645.5772594752186,
    within: 1e-6,
    source: tests,
  });
  const neuron = new Neuron(2, { random: new PythonRandom(seed) });
  const out = neuron.call([value(1), value(-2)]);
  out.backward();
  yield say(`A neuron of the library, \`${neuron}\`: ReLU instead of tanh, and its bias begins at 0.`);
  yield figure("A weight's grad is its input.", valueGraph(out));
  const source = "micrograd, trace_graph.ipynb";
  yield check({
    name: "neuron's output",
    ours: out.data,
    lecture: .102443419482938,
    within: 1e-15,
    source,
    mayDiffer: reasonToDiffer,
  });
}

/** 7. The demo: a net of 337 parameters, a loss that asks for a margin, a boundary that bends. Returns the losses. */
function* moonsLesson(
  moons: readonly LabelledPoint[],
  { seed, reasonToDiffer: mayDiffer }: { readonly seed: number; readonly reasonToDiffer: string | null },
): Generator<Item, number[]> {
  yield heading("Two moons");
  const net = new MLP(2, [16, 16, 1], { random: new PythonRandom(seed) });
  yield say(
    "Two kinds of points that no straight line parts, a net of two layers of 16 ReLU neurons, and a loss that is 0 only where a point is on its side with a margin: `mean(relu(1 - label·score))`, plus `1e-4` times the sum of squared parameters, so that they stay small. 100 steps, all points in each; the rate falls from 1 to 0.1.",
  );
  yield check({ name: "parameters", ours: net.parameters().length, lecture: 337, source: demo });
  const losses: number[] = [], accuracies: number[] = [];
  for (let step = 0; step < 100; step++) {
    const scores = moons.map(({ x, y }) => net.call([x, y])[0]);
    const hinges = scores.map((score, i) => score.mul(-moons[i].label).add(1).relu());
    const penalty = total(net.parameters().map((p) => p.mul(p))).mul(1e-4);
    const loss = total(hinges).mul(1 / moons.length).add(penalty);
    net.zeroGrad();
    loss.backward();
    for (const p of net.parameters()) p.data -= (1 - .9 * step / 100) * p.grad;
    losses.push(loss.data);
    const right = scores.filter(({ data }, i) => data > 0 === moons[i].label > 0).length;
    accuracies.push(100 * right / moons.length);
    yield progress(
      `step ${step} of 100: loss ${loss.data.toFixed(4)}, ${accuracies[step].toFixed(0)} % right`,
    );
  }
  yield figure(
    "The loss jumps while the rate is near 1 and calms down as it falls.",
    lineChart({ title: "loss", series: [{ name: "loss", y: losses }], xLabel: "step", logY: true }),
    lineChart({
      title: "points on their side, %",
      series: [{ name: "right", y: accuracies }],
      xLabel: "step",
    }),
  );
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
      name: `right at step ${step}, %`,
      ours: accuracies[step],
      lecture: accuracy,
      source: demo,
      mayDiffer,
    });
  }
  yield check({
    name: "first step with all right",
    ours: accuracies.indexOf(100),
    lecture: 40,
    source: demo,
    mayDiffer,
  });
  const range = (of: readonly number[]): [number, number] => [Math.min(...of) - 1, Math.max(...of) + 1];
  yield figure(
    "The net's score is above 0 on one side of the line and below it on the other.",
    boundaryChart({
      x: range(moons.map(({ x }) => x)),
      y: range(moons.map(({ y }) => y)),
      step: .125,
      score: (x, y) => net.call([x, y])[0].data,
      points: moons.map(({ x, y, label }) => ({ x, y, group: label === 1 ? 1 : 0 })),
      groups: ["label -1", "label 1"],
    }),
  );
  return losses;
}

/** Step, loss, how many digits of it are known, percent right: as the notebook prints them. */
const published: readonly (readonly [number, number, number, number])[] = [
  [0, .8958441028683222, 1e-12, 50],
  [1, 1.7235905, 1e-7, 81],
  [2, .74290, 1e-5, 77],
  [10, .24507, 1e-5, 91],
  [20, .18978, 1e-5, 91],
  [50, .09875, 1e-5, 96],
  [99, .010978370135492717, 1e-9, 100],
];

/** 8. What the rest of this project does: the same, with tensors instead of numbers. */
async function* sameOnEngine(
  moons: readonly LabelledPoint[],
  { seed, engine, losses }: {
    readonly seed: number;
    readonly engine: Engine;
    readonly losses: readonly number[];
  },
): AsyncGenerator<Item> {
  yield heading("The same net, as tensors");
  yield say(
    `100 points times 337 parameters, one number at a time, is some 70,000 Values a step. Everything else in this project puts the points into one tensor and the weights of a layer into another: the same steps on ${engine.device}, in float32.`,
  );
  const began = performance.now();
  const found = await trainOnEngine(moons, {
    engine,
    net: new MLP(2, [16, 16, 1], { random: new PythonRandom(seed) }),
  });
  const seconds = (performance.now() - began) / 1000;
  yield table(
    ["step", "scalars", "tensors", "difference"],
    [0, 1, 2, 10, 20].map((step) => [step, losses[step], found[step], Math.abs(losses[step] - found[step])]),
  );
  yield say(
    `${
      seconds.toFixed(2)
    } seconds for all 100 steps. Float32 rounds each number to seven digits; where a point stands on the edge of a ReLU the two may part ways for a while.`,
  );
}

/** The sum of Values, from the left. */
function total(values: readonly Value[]): Value {
  return values.reduce((sum, one) => sum.add(one), value(0));
}
