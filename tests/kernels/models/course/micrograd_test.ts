/** Tests micrograd with its own test cases and with the numbers and exercises of the lecture. */
import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { PythonRandom } from "../../../../kernels/random/python_random.ts";
import { Layer, MLP, Neuron, trace, Value, value } from "../../../../kernels/models/course/micrograd.ts";

function close(actual: number, wanted: number, within: number): void {
  ok(Math.abs(actual - wanted) <= within, `${actual}, wanted ${wanted}`);
}

// From micrograd's test_engine.py: test_sanity_check and test_more_ops.
Deno.test("Value.backward() passes micrograd's own tests", () => {
  const x = value(-4), z = x.mul(2).add(2).add(x), q = z.relu().add(z.mul(x)), h = z.mul(z).relu();
  const y = h.add(q).add(q.mul(x));
  y.backward();
  deepStrictEqual([y.data, x.grad], [-20, 46]);
  const a = value(-4), b = value(2);
  let c = a.add(b), d = a.mul(b).add(b.pow(3));
  c = c.add(c.add(1));
  c = c.add(value(1).add(c).add(a.neg()));
  d = d.add(d.mul(2).add(b.add(a).relu()));
  d = d.add(d.mul(3).add(b.sub(a).relu()));
  const f = c.sub(d).pow(2), g = f.div(2).add(value(10).div(f));
  g.backward();
  close(g.data, 24.70408163265306, 1e-6);
  close(a.grad, 138.83381924198252, 1e-6);
  close(b.grad, 645.5772594752186, 1e-6);
});

Deno.test("Value.backward() sums the gradients of several uses, and visits each value once", () => {
  const a = value(3);
  a.add(a).backward();
  strictEqual(a.grad, 2);
  let deep = value(1); // the graph gets deeper than function calls may nest
  const root = deep;
  for (let i = 0; i < 100_000; i++) deep = deep.add(1);
  deep.backward();
  strictEqual(root.grad, 1);
  let wide = value(1); // the graph gets 2^60 paths
  const base = wide;
  for (let i = 0; i < 60; i++) wide = wide.add(wide);
  wide.backward();
  strictEqual(base.grad, 2 ** 60);
});

Deno.test("Value.backward() of every operation matches its central difference", () => {
  const operations: Record<string, (a: Value, b: Value) => Value> = {
    add: (a, b) => a.add(b),
    sub: (a, b) => a.sub(b),
    mul: (a, b) => a.mul(b),
    div: (a, b) => a.div(b),
    pow: (a, b) => a.pow(2.5).add(b.pow(-3)),
    neg: (a, b) => a.neg().add(b),
    relu: (a, b) => a.relu().mul(b.neg().relu().add(b.relu())),
    tanh: (a, b) => a.tanh().mul(b),
    exp: (a, b) => a.exp().mul(b.exp()),
    log: (a, b) => a.log().mul(b),
  };
  const h = 1e-6, [x, y] = [1.3, -.7];
  for (const [name, operation] of Object.entries(operations)) {
    const a = value(x), b = value(name === "pow" ? 1.1 : y);
    operation(a, b).backward();
    const at = (dx: number, dy: number): number => operation(value(x + dx), value(b.data + dy)).data;
    const wanted = [(at(h, 0) - at(-h, 0)) / (2 * h), (at(0, h) - at(0, -h)) / (2 * h)];
    for (const [i, leaf] of [a, b].entries()) {
      ok(Math.abs(leaf.grad - wanted[i]) < 1e-7, `${name}: ${leaf.grad}, wanted ${wanted[i]}`);
    }
  }
});

Deno.test("Value gives the lecture's gradients of a neuron, with tanh as one operation and composed of exp", () => {
  for (const whole of [true, false]) {
    const [x1, x2, w1, w2] = [2, 0, -3, 1].map((x) => value(x)), b = value(6.8813735870195432);
    const n = x1.mul(w1).add(x2.mul(w2)).add(b), e = n.mul(2).exp();
    const o = whole ? n.tanh() : e.sub(1).div(e.add(1));
    o.backward();
    close(o.data, .7071067811865476, 1e-12);
    for (const [leaf, wanted] of [[x1, -1.5], [w1, 1], [x2, .5], [w2, 0]] as const) {
      close(leaf.grad, wanted, 1e-12);
    }
  }
});

Deno.test("Value gives the loss and gradients of the softmax exercise", () => {
  const logits = [0, 3, -2, 1].map((x) => value(x)), counts = logits.map((one) => one.exp());
  const loss = counts[3].div(counts.reduce((sum, one) => sum.add(one))).log().neg();
  loss.backward();
  close(loss.data, 2.1755153626167147, 1e-12);
  [.041772570515350445, .8390245074625319, .005653302662216329, -.8864503806400986]
    .forEach((wanted, i) => close(logits[i].grad, wanted, 1e-12));
});

Deno.test("Value.backward() called twice adds the same gradient to leaves twice, as in PyTorch", () => {
  const a = value(2), b = a.mul(3), c = b.mul(4);
  c.backward();
  deepStrictEqual([a.grad, b.grad, c.grad], [12, 4, 1]);
  c.backward();
  deepStrictEqual([a.grad, b.grad, c.grad], [24, 4, 1]);
  // A value that two results share passes on the gradient of each result once.
  const x = value(5), shared = x.mul(2), first = shared.mul(3), second = shared.add(1);
  first.backward();
  second.backward();
  strictEqual(x.grad, 6 + 2);
  const leaf = value(1);
  leaf.backward();
  leaf.backward();
  strictEqual(leaf.grad, 2);
});

Deno.test("Value.pow() with exponent 0 is the constant 1, with gradient 0 everywhere", () => {
  for (const data of [0, 2, -3]) {
    const base = value(data), power = base.pow(0);
    power.backward();
    deepStrictEqual([power.data, Object.is(base.grad, 0)], [1, true]);
  }
  const zero = value(0);
  zero.pow(1).backward();
  strictEqual(zero.grad, 1);
});

Deno.test("Value.pow() refuses a Value as exponent, and says what to use instead", () => {
  const power: unknown = value(2);
  throws(
    () => value(3).pow(power as number), // a call that a student may try
    { name: "TypeError", message: /give a number, or compute exp\(b \* log\(a\)\)/ },
  );
});

Deno.test("Neuron of Python's seed 1337 has the notebook's numbers; trace() gives its graph", () => {
  const neuron = new Neuron(2, { random: new PythonRandom(1337) });
  deepStrictEqual(neuron.weights.map(({ data }) => data), [.23550571390294128, .06653114721000164]);
  const y = neuron.call([value(1), value(-2)]);
  strictEqual(y.data, .102443419482938);
  y.backward();
  deepStrictEqual(neuron.weights.map(({ grad }) => grad), [1, -2]);
  const { nodes, edges } = trace(y);
  strictEqual(nodes.length, 10); // 2 weights, 2 inputs, a bias, 2 products, 2 sums, a ReLU
  strictEqual(edges.length, 9);
  deepStrictEqual(nodes.map(({ op }) => op).filter((op) => op !== ""), ["*", "+", "*", "+", "ReLU"]);
});

Deno.test("MLP has as many parameters as the demo's, and describes itself", () => {
  const random = new PythonRandom(1);
  strictEqual(new MLP(2, [16, 16, 1], { random }).parameters().length, 337);
  const net = new MLP(2, [2, 1], { random });
  strictEqual(`${net}`, "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]");
  match(`${new Layer(3, 1, { random, activation: "tanh" })}`, /Layer of \[TanhNeuron\(3\)\]/);
  strictEqual(`${value(2)}`, "Value(data=2, grad=0)");
  net.call([1, 2])[0].backward();
  ok(net.parameters().some(({ grad }) => grad !== 0));
  net.zeroGrad();
  ok(net.parameters().every(({ grad }) => grad === 0));
  throws(() => net.call([1]), /neuron of 2 weights with 1 inputs/);
});
