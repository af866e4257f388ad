/**
 * Sections of the lesson on micrograd about single expressions: derivatives, backpropagation, a neuron.
 *
 * @module
 */
import { PythonRandom } from "../../../kernels/random/python_random.ts";
import { Neuron, type Value, value } from "../../../kernels/models/course/micrograd.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, live, say, table } from "../item.ts";
import { noInputNoGradient, partsAreExact, stepRaises } from "./micrograd_claims.ts";
import { valueGraph } from "./value_graph.ts";

const notebook = "micrograd lecture, first notebook";
const engine = "kernels/models/course/micrograd.ts", sections = "pipelines/lesson/micrograd/expressions.ts";

/** 1. The derivative of a function of one variable, estimated from two values of the function. */
export function* derivatives(): Generator<Item> {
  yield heading("What a derivative is");
  // #region slope
  const f = (x: number): number => 3 * x ** 2 - 4 * x + 5;
  const slope = (x: number, h: number): number => (f(x + h) - f(x)) / h;
  // #endregion
  const xs = Array.from({ length: 41 }, (_, i) => -5 + i / 4);
  yield say(
    "Take `f(x) = 3x² - 4x + 5`. Increase x by a small number h and see how much f changes. The change of f divided by h, `(f(x + h) - f(x)) / h`, is nearly the derivative: the slope of the curve at x.",
  );
  yield code(sections, "slope");
  const lowest = xs.reduce((a, b) => f(b) < f(a) ? b : a);
  yield figure(
    `f falls to its lowest point near x = ${lowest}, where it is flat, and rises after it.`,
    lineChart({ title: "f", series: [{ name: "f", x: xs, y: xs.map(f) }] }),
  );
  yield check({ name: "f(3)", ours: f(3), lecture: 20, source: notebook });
  const h = .001;
  yield table(["x", "h", "slope", "6x - 4"], [3, -3, 2 / 3].map((x) => [x, h, slope(x, h), 6 * x - 4]));
  yield say(
    "By the rules of calculus the derivative is `6x - 4`, the last column. Where it is 0, f neither rises nor falls.",
  );
  yield live("derivative");
}

/** 2. Forward and backward pass of one expression. */
export function* oneExpression(): Generator<Item> {
  yield heading("A number that remembers how it was computed");
  const [a, b, c, f] = [value(2, "a"), value(-3, "b"), value(10, "c"), value(-2, "f")];
  const forward = (): Value => {
    const e = a.mul(b), d = e.add(c), L = d.mul(f);
    [e.label, d.label, L.label] = ["e", "d", "L"];
    return L;
  };
  const L = forward(), before = L.data;
  yield say(
    "We compute `L = (a·b + c)·f` with objects called Value. In the forward pass each Value computes its number, `data`. It also remembers the Values that it was computed from, and its derivative with respect to each of them.",
  );
  yield code(engine, "mul");
  L.backward();
  yield say(
    "The backward pass starts at L, whose own `grad` is 1. Each Value multiplies its grad by its derivative with respect to a Value that it was computed from, and adds the product to that Value's grad. This is the chain rule, and it is all there is to backpropagation.",
  );
  yield code(engine, "backward");
  yield figure(
    "The grad of a Value says how fast L changes when that Value changes.",
    valueGraph(L),
  );
  yield check({ name: "L", ours: L.data, lecture: -8, source: notebook });
  for (const [leaf, lecture] of [[a, 6], [b, -4], [c, -2], [f, 4]] as const) {
    yield check({ name: `dL/d${leaf.label}`, ours: leaf.grad, lecture, source: notebook });
  }
  for (const leaf of [a, b, c, f]) leaf.data += .01 * leaf.grad;
  const after = forward().data;
  yield say("Now we add 0.01 times its grad to each of a, b, c and f.");
  yield claim(stepRaises, { before, after });
  yield check({
    name: "L after the step",
    ours: after,
    lecture: -7.286496,
    within: 1e-9,
    source: notebook,
  });
}

/** 3. A neuron with tanh, and the same neuron with tanh computed from exponentials. */
export function* oneNeuron(): Generator<Item> {
  yield heading("A neuron");
  const neuron = (activate: (n: Value) => Value): { out: Value; leaves: Value[] } => {
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
    const out = activate(n);
    out.label = "o";
    out.backward();
    return { out, leaves };
  };
  const whole = neuron((n) => n.tanh());
  yield say(
    `A neuron multiplies its inputs by weights, adds a bias, and applies tanh: \`o = tanh(x1·w1 + x2·w2 + b)\`. The derivative of tanh is \`1 - o²\`, which is ${
      (1 - whole.out.data ** 2).toFixed(3)
    } here.`,
  );
  yield code(engine, "tanh");
  yield figure("The neuron, with the derivative of o in each box.", valueGraph(whole.out));
  const [, x2, , w2] = whole.leaves;
  yield claim(noInputNoGradient, { input: x2.data, grad: w2.grad });
  yield check({ name: "o", ours: whole.out.data, lecture: Math.SQRT1_2, within: 1e-12, source: notebook });
  for (const [i, lecture] of [[0, -1.5], [2, 1], [1, .5], [3, 0]] as const) {
    const { label, grad } = whole.leaves[i];
    yield check({ name: `do/d${label}`, ours: grad, lecture, within: 1e-12, source: notebook });
  }
  const inParts = neuron((n) => {
    const e = n.mul(2).exp();
    return e.sub(1).div(e.add(1));
  });
  yield say(
    "It does not matter how large the single operations are: tanh can also be computed as `(e^2n - 1) / (e^2n + 1)`.",
  );
  const difference = Math.max(
    ...inParts.leaves.map((leaf, i) => Math.abs(leaf.grad - whole.leaves[i].grad)),
  );
  yield table(["tanh", "o", "largest difference of a grad"], [
    ["one operation", whole.out.data, 0],
    ["from exp", inParts.out.data, difference],
  ]);
  yield claim(partsAreExact, { difference });
}

/** 4. Why gradients are accumulated instead of overwritten. */
export function* valueUsedTwice(): Generator<Item> {
  yield heading("A value used twice");
  const a = value(3, "a"), b = a.add(a);
  b.label = "b";
  b.backward();
  yield say(
    "`b = a + a` uses a twice, and each use adds 1 to its grad. If the backward pass set a grad instead of adding to it, one of the two would be lost and the result would be 1.",
  );
  yield check({ name: "db/da", ours: a.grad, lecture: 2, source: notebook });
}

/** 6. The two expressions from micrograd's tests, and a drawing of one of micrograd's neurons. */
export function* harderExpressions(seed: number, mayDiffer: string | null): Generator<Item> {
  yield heading("Harder expressions");
  const x = value(-4), z = x.mul(2).add(2).add(x), q = z.relu().add(z.mul(x)), h = z.mul(z).relu();
  const y = h.add(q).add(q.mul(x));
  y.backward();
  const source = "micrograd, test_engine.py", within = 1e-6;
  yield check({ name: "first test: y", ours: y.data, lecture: -20, source });
  yield check({ name: "first test: dy/dx", ours: x.grad, lecture: 46, source });
  const a = value(-4), b = value(2);
  let c = a.add(b), d = a.mul(b).add(b.pow(3));
  c = c.add(c.add(1));
  c = c.add(value(1).add(c).add(a.neg()));
  d = d.add(d.mul(2).add(b.add(a).relu()));
  d = d.add(d.mul(3).add(b.sub(a).relu()));
  const f = c.sub(d).pow(2), g = f.div(2).add(value(10).div(f));
  g.backward();
  yield check({ name: "second test: g", ours: g.data, lecture: 24.70408163265306, within, source });
  yield check({ name: "second test: dg/da", ours: a.grad, lecture: 138.83381924198252, within, source });
  yield check({ name: "second test: dg/db", ours: b.grad, lecture: 645.5772594752186, within, source });

  const neuron = new Neuron(2, { random: new PythonRandom(seed) });
  const out = neuron.call([value(1), value(-2)]);
  out.backward();
  yield say(
    `A neuron of micrograd's library with 2 inputs is a \`${neuron}\`. It uses ReLU instead of tanh, and its bias starts at 0.`,
  );
  yield figure(
    out.data > 0
      ? "The grad of each weight is the weight's input."
      : "The sum is not positive, so ReLU gives 0 and every weight has grad 0.",
    valueGraph(out),
  );
  yield check({
    name: "output of the neuron",
    ours: out.data,
    lecture: .102443419482938,
    within: 1e-15,
    source: "micrograd, trace_graph.ipynb",
    mayDiffer,
  });
}
