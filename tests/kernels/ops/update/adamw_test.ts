import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { Graph, type Tensor } from "../../../../kernels/core/graph.ts";
import { compile } from "../../../../kernels/core/program.ts";
import { sizeOf } from "../../../../kernels/core/tensor.ts";
import { openReference } from "../../../../kernels/engine/reference.ts";
import { type AdamWAttrs, adamwStep } from "../../../../kernels/ops/update/adamw.ts";

const usual: AdamWAttrs = { beta1: 0.9, beta2: 0.999, eps: 1e-8, decay: 0.01 };

Deno.test("adamwStep() gives the first two steps of torch.optim.AdamW", async () => {
  // Computed by hand from PyTorch's formula with a learning rate of 0.1. Step 1: m = 0.1·g, v = 0.001·g², so
  // the step is 0.1·sign(g). Step 2 with g = -0.2: m = 0.9·0.05 - 0.1·0.2 = 0.025, v = 0.999·0.00025 +
  // 0.001·0.04 = 0.00028975, c1 = 0.19, c2 = 0.001999: p = 0.899·0.999 - 0.1/0.19·0.025 /
  // sqrt(0.00028975/0.001999).
  const steps = await run({ grads: [0.5, -0.2], lr: 0.1, scale: 1, attrs: usual });
  close(steps[0], { param: 1 * 0.999 - 0.1, m: 0.05, v: 0.00025 });
  const second = 0.899 * 0.999 - 0.1 / 0.19 * 0.025 / Math.sqrt(0.00028975 / 0.001999);
  close(steps[1], { param: second, m: 0.025, v: 0.00028975 });
  ok(Math.abs(second - 0.86354043) < 1e-7, `${second}`);
});

Deno.test("adamwStep() applies weight decay to the parameter and not to the gradient", async () => {
  const [step] = await run({ grads: [0], lr: 0.1, scale: 1, attrs: { ...usual, decay: 0.5 } });
  close(step, { param: 0.95, m: 0, v: 0 });
});

Deno.test("adamwStep() scales the gradient before it updates the moments", async () => {
  const [step] = await run({ grads: [4], lr: 0.1, scale: 0.125, attrs: { ...usual, decay: 0 } });
  close(step, { param: 0.9, m: 0.05, v: 0.00025 });
});

Deno.test("adamwStep() refuses inputs that do not fit, and names them", () => {
  const { leaf, inputs } = leaves([3]);
  const param = leaf("p", [3]);
  throws(() => adamwStep(param, { ...inputs, m: leaf("short", [2]) }, usual), {
    name: "ShapeError",
    message: "Cannot call adamw: m is [2], wanted param's [3]",
  });
  throws(() => adamwStep(param, { ...inputs, lr: leaf("long", [2]) }, usual), {
    name: "ShapeError",
    message: "Cannot call adamw: lr is [2], wanted one number, [1]",
  });
  throws(() => adamwStep(param, inputs, { ...usual, beta2: 1 }), {
    name: "RangeError",
    message: "Cannot call adamw: beta2 is 1, wanted at least 0 and less than 1",
  });
  throws(() => adamwStep(param, inputs, { ...usual, decay: NaN }), {
    name: "RangeError",
    message: /decay is NaN/,
  });
  throws(() => adamwStep(param, inputs, { ...usual, decayed: 4 }), {
    name: "RangeError",
    message: "Cannot call adamw: decayed is 4, wanted a whole number from 0 to 3",
  });
});

function leaves(shape: readonly number[]) {
  const graph = new Graph();
  const leaf = (label: string, shape: readonly number[]): Tensor =>
    graph.leaf(label, { shape, dtype: "f32" }, "optimizer");
  const inputs = {
    grad: leaf("grad", shape),
    m: leaf("m", shape),
    v: leaf("v", shape),
    lr: leaf("lr", [1]),
    step: leaf("step", [1]),
    scale: leaf("scale", [1]),
  };
  return { graph, leaf, inputs };
}

interface State {
  param: number;
  m: number;
  v: number;
}

/** Returns the state after each step of a parameter that is initially 1. */
async function run(
  options: { grads: number[]; lr: number; scale: number; attrs: AdamWAttrs },
): Promise<State[]> {
  const { graph, leaf, inputs } = leaves([1]);
  adamwStep(leaf("param", [1]), inputs, options.attrs);
  const one = (x: number) => ({ shape: [1], data: Float32Array.of(x) });
  await using session = await openReference().open([compile("update", graph)], { param: one(1) });
  const states: State[] = [];
  for (const [i, grad] of options.grads.entries()) {
    session.write({
      grad: one(grad),
      lr: one(options.lr),
      scale: one(options.scale),
      step: one(i + 1),
    });
    await session.run(["update"]);
    const { param, m, v } = await session.read(["param", "m", "v"]);
    deepStrictEqual(sizeOf(param.shape), 1);
    states.push({ param: param.data[0], m: m.data[0], v: v.data[0] });
  }
  return states;
}

function close(actual: State, expected: State): void {
  for (const key of ["param", "m", "v"] as const) {
    // The learning rate and the gradients are rounded to float32, with a relative error of 6e-8 each.
    const error = Math.abs(actual[key] - expected[key]);
    ok(error <= 3e-7 * Math.abs(expected[key]), `${key} is ${actual[key]}, expected ${expected[key]}`);
  }
}
