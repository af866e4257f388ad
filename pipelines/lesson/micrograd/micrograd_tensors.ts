/**
 * The nets of the lesson on micrograd, computed by this project's kernels: tensors instead of scalars.
 *
 * @module
 */
import { gradients } from "../../../kernels/core/gradients.ts";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { compile } from "../../../kernels/core/program.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { affine } from "../../../kernels/ops/matmul/affine.ts";
import { add, mul, sub } from "../../../kernels/ops/elementwise/arith.ts";
import { scale } from "../../../kernels/ops/elementwise/scale.ts";
import { mean, sum } from "../../../kernels/ops/reduce/reduce.ts";
import { relu } from "../../../kernels/ops/elementwise/relu.ts";
import { assign } from "../../../kernels/ops/update/state.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { Layer, MLP } from "../../../kernels/models/course/micrograd.ts";
import { crossEntropy } from "../../../kernels/ops/loss/cross_entropy.ts";
import type { LabelledPoint } from "./moons.ts";

/**
 * Trains a copy of `net` as the demo does. A single program of kernels computes forward pass, backward pass
 * and update. Returns the loss of each step.
 */
export async function trainOnEngine(
  moons: readonly LabelledPoint[],
  { engine, net, steps = 100 }: { readonly engine: Engine; readonly net: MLP; readonly steps?: number },
): Promise<number[]> {
  const graph = new Graph();
  const f32 = (...shape: number[]): { shape: number[]; dtype: "f32" } => ({ shape, dtype: "f32" });
  const points = graph.leaf("points", f32(moons.length, 2), "input");
  const labels = graph.leaf("labels", f32(moons.length, 1), "input");
  const one = graph.leaf("one", f32(1), "input"), rate = graph.leaf("rate", f32(1), "input");
  const parameters: Tensor[] = [];
  const weights: Record<string, TensorMap[string]> = {
    points: { shape: points.shape, data: Float32Array.from(moons.flatMap(({ x, y }) => [x, y])) },
    labels: { shape: labels.shape, data: Float32Array.from(moons, ({ label }) => label) },
    one: { shape: [1], data: Float32Array.of(1) },
  };
  let scores = points;
  net.layers.forEach((layer, i) => {
    const values = layerTensors(layer);
    const weight = graph.leaf(`${i}.weight`, f32(...values.weight.shape), "parameter");
    const bias = graph.leaf(`${i}.bias`, f32(...values.bias.shape), "parameter");
    weights[weight.label] = values.weight;
    weights[bias.label] = values.bias;
    parameters.push(weight, bias);
    scores = affine(scores, { weight, bias });
    if (i < net.layers.length - 1) scores = relu(scores);
  });
  const hinge = mean(relu(sub(one, mul(labels, scores))));
  const penalty = parameters.map((p) => sum(mul(p, p))).reduce(add);
  const loss = add(hinge, scale(penalty, 1e-4));
  graph.output("loss", loss);
  gradients(loss, parameters).forEach((gradient, i) => {
    if (gradient !== null) assign(parameters[i], sub(parameters[i], mul(gradient, rate)));
  });
  await using session = await engine.open([compile("step", graph)], weights);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    session.write({ rate: { shape: [1], data: Float32Array.of(1 - .9 * step / 100) } });
    await session.run(["step"]);
    losses.push((await session.read(["loss"])).loss.data[0]);
  }
  return losses;
}

/** Returns the parameters of a layer as tensors: weight [inputs, neurons], bias [neurons]. */
function layerTensors({ neurons }: Layer): Record<"weight" | "bias", TensorMap[string]> {
  const inputs = neurons[0].weights.length;
  return {
    weight: {
      shape: [inputs, neurons.length],
      data: Float32Array.from(
        { length: inputs * neurons.length },
        (_, at) => neurons[at % neurons.length].weights[Math.floor(at / neurons.length)].data,
      ),
    },
    bias: { shape: [neurons.length], data: Float32Array.from(neurons, ({ bias }) => bias.data) },
  };
}

/**
 * Returns the softmax loss of logits and its gradient, computed by the kernels in float32, or in float64 on
 * the reference engine.
 */
export async function softmaxOnEngine(
  logits: readonly number[],
  { label, engine }: { readonly label: number; readonly engine: Engine },
): Promise<{ loss: number; gradient: ArrayLike<number> }> {
  const graph = new Graph();
  const leaf = graph.leaf("logits", { shape: [1, logits.length], dtype: "f32" }, "input");
  const target = graph.leaf("target", { shape: [1], dtype: "u32" }, "input");
  // `scale` makes a copy of the logits, because the gradient of `crossEntropy` overwrites its input.
  const loss = crossEntropy(scale(leaf, 1), target);
  const [gradient] = gradients(loss, [leaf]);
  graph.output("loss", loss);
  if (gradient !== null) graph.output("gradient", gradient);
  await using session = await engine.open([compile("loss", graph)], {
    logits: { shape: [1, logits.length], data: Float32Array.from(logits) },
    target: { shape: [1], data: Uint32Array.of(label) },
  });
  await session.run(["loss"]);
  const read = await session.read(["loss", "gradient"]);
  return { loss: read.loss.data[0], gradient: read.gradient.data };
}
