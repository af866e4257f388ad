/**
 * Graphs that compute a micro-batch's loss and gradients: `micro` for training, `inspect` to see inside the
 * model.
 *
 * @module
 */
import { accumulate, fill } from "../../kernels/core/gradient_ops.ts";
import { eachGradient } from "../../kernels/core/gradients.ts";
import { Graph, type Tensor } from "../../kernels/core/graph.ts";
import { type QuantizedWeights, RootScope } from "../../kernels/core/scope.ts";
import type { Model } from "../../kernels/models/model.ts";
import { mul } from "../../kernels/ops/elementwise/arith.ts";
import { scale } from "../../kernels/ops/elementwise/scale.ts";
import { take } from "../../kernels/ops/indexing/slice.ts";
import { sum } from "../../kernels/ops/reduce/reduce.ts";
import { count } from "../../kernels/ops/update/state.ts";
import { gradientLeaf, inputLeaf, lossSum, probeLabel } from "./leaves.ts";
import { advanceDraw, randomness } from "./randomness.ts";
import type { TrainingPlan } from "./training_plan.ts";

/** How a model is trained, and which of its parameters. */
export type MicroOptions = TrainingPlan & {
  readonly quantized: QuantizedWeights | undefined;
  /** Returns whether a parameter that is not quantised is trained, by its name. */
  trains(name: string): boolean;
  /** Divisor of the logits; default 1. */
  readonly temperature?: number | undefined;
  /** See `LossInputs`. */
  readonly blockBytes?: number | undefined;
};

/**
 * Adds one micro-batch's loss and gradients to their sums. The input `micro` is the index of the micro-batch
 * in the batch; the program increments it. `blockBytes` is that of `LossInputs`. Throws Error for a parameter
 * that the loss does not depend on.
 */
export function microGraph(
  model: Model<unknown>,
  {
    shape,
    recompute = "none",
    gradientScale = 1,
    blockBytes,
    quantized,
    trains,
    weighted: isWeighted,
    segmented,
    temperature,
  }: MicroOptions,
): Graph {
  const graph = new Graph();
  const scope = new RootScope(graph, { quantized });
  const micro = inputLeaf(graph, "micro", [1]);
  const tokens = take(inputLeaf(graph, "inputs", shape), micro);
  const targets = take(inputLeaf(graph, "targets", shape), micro);
  const segment = (name: string) => take(inputLeaf(graph, name, shape), micro);
  const segments = segmented === true
    ? { firstKeys: segment("firstKeys"), positions: segment("positions") }
    : undefined;
  const training = randomness(graph);
  const losses = model.losses(scope, {
    tokens,
    targets,
    recompute,
    training,
    segments,
    blockBytes,
    temperature,
  });
  const missing = new Set(trainedOf(scope, trains));
  const into = new Map([...missing].map((tensor) => [tensor, gradientLeaf(graph, tensor)]));
  const weights = isWeighted ? take(inputLeaf(graph, "weights", shape, "f32"), micro) : null;
  const source = scaled(summed(losses, weights), gradientScale),
    total = lossSum(graph),
    seed = () => fill(total, 1);
  for (const { of } of eachGradient(source, [...missing], { into, seed })) missing.delete(of);
  for (const { label } of missing) {
    throw new Error(`Cannot train ${label}: the loss does not depend on it`);
  }
  accumulate(total, summed(graph.recomputed.get(losses) ?? losses, weights));
  count(micro, { by: 1, wrap: shape[0] });
  advanceDraw(graph);
  return graph;
}

/** Works like `micro`, but without dropout, and with the model's probes and their gradients as outputs. */
export function inspectGraph(
  model: Model<unknown>,
  { shape, gradientScale = 1, quantized, trains, temperature }: MicroOptions,
): Graph {
  const graph = new Graph();
  const scope = new RootScope(graph, { quantized });
  const tokens = inputLeaf(graph, "inspect/inputs", shape.slice(1));
  const targets = inputLeaf(graph, "inspect/targets", shape.slice(1));
  const loss = summed(model.losses(scope, { tokens, targets, temperature }), null);
  const parameters = trainedOf(scope, trains);
  const probes = new Map([...scope.probes].map(([name, tensor]) => [tensor, probeLabel(name)]));
  const into = new Map(parameters.map((tensor) => [tensor, gradientLeaf(graph, tensor)]));
  const source = scaled(loss, gradientScale);
  for (const [tensor, label] of probes) graph.output(label, tensor);
  for (const { of, gradient } of eachGradient(source, [...parameters, ...probes.keys()], { into })) {
    const label = probes.get(of);
    if (label !== undefined) graph.output(`${label}/grad`, gradient);
  }
  return graph;
}

/** Returns the tensors of those parameters that are trained. */
function trainedOf(scope: RootScope, trains: MicroOptions["trains"]): readonly Tensor[] {
  return [...scope.parameters].filter(([name]) => trains(name)).map(([, { tensor }]) => tensor);
}

/**
 * Returns the sum of the losses [B, T], each multiplied by its weight, divided by the divisor of the whole
 * batch: the sum over micro-batches is then the mean loss of the batch.
 */
function summed(losses: Tensor, weights: Tensor | null): Tensor {
  const each = weights === null ? losses : mul(losses, weights);
  return mul(sum(each, { shape: [1] }), inputLeaf(losses.graph, "lossWeight", [1], "f32"));
}

function scaled(loss: Tensor, gradientScale: number): Tensor {
  return gradientScale === 1 ? loss : scale(loss, gradientScale);
}
