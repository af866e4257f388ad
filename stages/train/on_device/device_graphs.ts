/**
 * The graphs of a small net whose data set is kept on the device.
 *
 * @module
 */
import { leastLimits } from "../../../kernels/core/gpu.ts";
import { accumulate, fill } from "../../../kernels/core/gradient_ops.ts";
import { eachGradient, gradients } from "../../../kernels/core/gradients.ts";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { RootScope, type Scope } from "../../../kernels/core/scope.ts";
import { reshape } from "../../../kernels/core/view.ts";
import { parametersOf } from "../../../kernels/models/model.ts";
import { add, mul } from "../../../kernels/ops/elementwise/arith.ts";
import { scale } from "../../../kernels/ops/elementwise/scale.ts";
import { take } from "../../../kernels/ops/indexing/slice.ts";
import { windowsOf } from "../../../kernels/ops/indexing/token_windows.ts";
import { putRows } from "../../../kernels/ops/loss/row_blocks.ts";
import { sum } from "../../../kernels/ops/reduce/reduce.ts";
import { count } from "../../../kernels/ops/update/state.ts";
import { gradientLeaf, inputLeaf, outputLeaf } from "../../model/leaves.ts";
import { parameterPacks, updatePacks } from "../../model/parameter_packs.ts";
import { advanceDraw, randomness } from "../../model/randomness.ts";
import { type DevicePlanOptions, type StepBatch, stepsPerChunk } from "./device_options.ts";
import { type Examples, targetsPerExample } from "./examples.ts";

/** Labels of the tensors that the host writes and reads. */
export const trainerLabels = {
  /** Index of the step in its chunk, or of the batch in an evaluation, u32 [1]. */
  slot: "trainer/slot",
  /** Indices of each step's examples, u32 [chunk, B]. */
  rows: "trainer/rows",
  /** Learning rate of each step, [chunk, 1]. */
  rates: "trainer/rates",
  /** Loss weight of each step, `1 / (number of targets that are not ignored)`, [chunk, 1]. */
  lossWeights: "trainer/lossWeights",
  /** Number of each step, counted from 1, [chunk, 1]. */
  steps: "trainer/steps",
  /** Loss of each step, [chunk, 1]. */
  losses: "trainer/losses",
  /** Tokens of all examples, u32 [N · context], or of the text. */
  inputs: "trainer/inputs",
  /** Targets of all examples, u32 [N] or [N · context]. */
  targets: "trainer/targets",
  /** Indices of the examples to evaluate, u32 [evalBatches, evalBatch]. */
  evalRows: "trainer/eval/rows",
  /** Losses of these examples, [evalBatches, evalBatch · targets per example]. */
  evalLosses: "trainer/eval/losses",
  /** A context to predict from, u32 [1, context]. */
  tokens: "trainer/tokens",
  /** Logits for that context. The prefix is needed because a parameter could be named "logits". */
  logits: "trainer/logits",
} as const;

/** Number of batches evaluated between one upload of example indices and one read of their losses. */
export const evalBatches = 16;

/** One update. `slot` selects everything that differs between steps: examples, learning rate, step number. */
export function stepGraph(options: DevicePlanOptions): Graph {
  const { optimizer } = options, chunk = stepsPerChunk(options);
  const graph = new Graph(), scope = new RootScope(graph), slot = inputLeaf(graph, trainerLabels.slot, [1]);
  const current = (label: string) => take(inputLeaf(graph, label, [chunk, 1], "f32"), slot);
  const parameters = [...parametersOf(options.model).values()].map(({ tensor }) => {
    return graph.leaf(tensor.label, tensor, "parameter");
  });
  const buffers = new Map(parameters.map((parameter) => [parameter, gradientLeaf(graph, parameter)]));
  const loss = options.manual === undefined
    ? automaticStep(options, { scope, slot, buffers })
    : manualStep(options, { scope, slot, buffers });
  putRows(outputLeaf(graph, trainerLabels.losses, [chunk, 1]), { block: slot, part: reshape(loss, [1, 1]) });
  const learningRate = current(trainerLabels.rates), step = current(trainerLabels.steps);
  const noClipping = fill(learningRate, 1);
  const packBytes = leastLimits.maxStorageBufferBindingSize;
  const packs = parameterPacks(graph, parameters, { optimizer, packBytes });
  updatePacks(scope, packs, { optimizer, learningRate, step, scale: noClipping });
  advanceDraw(graph);
  count(slot, { by: 1, wrap: chunk });
  return graph;
}

/** Returns the graph that computes a batch's losses, one per target, without training. */
export function evalGraph({ model, examples, evalBatch = 512 }: DevicePlanOptions): Graph {
  const graph = new Graph(), slot = inputLeaf(graph, trainerLabels.slot, [1]);
  const rows = take(inputLeaf(graph, trainerLabels.evalRows, [evalBatches, evalBatch]), slot);
  const losses = model.losses(new RootScope(graph), batchAt(rows, examples));
  const each = evalBatch * targetsPerExample(examples);
  putRows(outputLeaf(graph, trainerLabels.evalLosses, [evalBatches, each]), {
    block: slot,
    part: reshape(losses, [1, each]),
  });
  count(slot, { by: 1, wrap: evalBatches });
  return graph;
}

/** Returns the graph that computes the logits of one context. */
export function predictGraph({ model, examples: { context } }: DevicePlanOptions): Graph {
  const graph = new Graph();
  const logits = model.forward(new RootScope(graph), inputLeaf(graph, trainerLabels.tokens, [1, context]));
  graph.output(trainerLabels.logits, logits);
  return graph;
}

/**
 * Returns the graph of a step without its update. Its outputs are the loss, each probe under its name, and
 * gradients as `<name>/gradient`.
 */
export function inspectGraph(options: DevicePlanOptions): Graph {
  const graph = new Graph(), scope = new RootScope(graph), slot = inputLeaf(graph, trainerLabels.slot, [1]);
  const loss = lossOf(options, { scope, slot });
  const probes = [...scope.probes].filter(([, t]) => t.dtype === "f32");
  // Outputs are copies, because the backward pass may overwrite a probe.
  for (const [name, t] of probes) graph.output(name, scale(t, 1));
  graph.output("loss", scale(loss, 1));
  const inspected = new Map([
    ...probes,
    ...[...scope.parameters].map(([name, { tensor }]) => [name, tensor] as const),
  ]);
  const names = [...inspected.keys()], found = gradients(loss, [...inspected.values()]);
  found.forEach((g, i) => g !== null && graph.output(`${names[i]}/gradient`, scale(g, 1)));
  return graph;
}

interface StepParts {
  readonly scope: RootScope;
  readonly slot: Tensor;
  /** Gradient buffers, keyed by parameter. */
  readonly buffers: ReadonlyMap<Tensor, Tensor>;
}

/**
 * Adds the gradients of the model's loss to their buffers. Throws Error for a parameter without a gradient.
 */
function automaticStep(options: DevicePlanOptions, { scope, slot, buffers }: StepParts): Tensor {
  const loss = lossOf(options, { scope, slot }), missing = new Set(buffers.keys());
  for (const { of } of eachGradient(loss, [...missing], { into: buffers })) missing.delete(of);
  for (const { label } of missing) throw new Error(`Cannot train ${label}: the loss does not depend on it`);
  return loss;
}

/** Adds the gradients of `manual` to their buffers. Throws Error for a parameter without a gradient. */
function manualStep(options: DevicePlanOptions, { scope, slot, buffers }: StepParts): Tensor {
  const manual = options.manual!(scope, batchOf(options, slot));
  for (const [parameter, buffer] of buffers) {
    const gradient = manual.gradients[parameter.label];
    if (gradient === undefined) {
      throw new Error(`Cannot train ${parameter.label}: the manual step has no gradient for it`);
    }
    accumulate(buffer, gradient);
  }
  return manual.loss;
}

function lossOf(
  options: DevicePlanOptions,
  { scope, slot }: { readonly scope: Scope; readonly slot: Tensor },
): Tensor {
  const { graph } = slot, { model, penalty } = options;
  const losses = model.losses(scope, { ...batchOf(options, slot), training: randomness(graph) });
  const weights = inputLeaf(graph, trainerLabels.lossWeights, [stepsPerChunk(options), 1], "f32");
  const loss = mul(sum(losses, { shape: [1] }), take(weights, slot));
  return penalty === undefined ? loss : add(loss, penalty(scope));
}

function batchOf(options: DevicePlanOptions, slot: Tensor): StepBatch {
  const rows = inputLeaf(slot.graph, trainerLabels.rows, [stepsPerChunk(options), options.batch]);
  return batchAt(take(rows, slot), options.examples);
}

/** The examples at indices `rows`. */
function batchAt(rows: Tensor, examples: Examples): StepBatch {
  const { graph } = rows, { context: length } = examples;
  if ("text" in examples) {
    const text = inputLeaf(graph, trainerLabels.inputs, [examples.text.length]);
    return {
      tokens: windowsOf(text, rows, { length }),
      targets: windowsOf(text, rows, { length, shift: 1 }),
    };
  }
  const inputs = inputLeaf(graph, trainerLabels.inputs, [examples.inputs.length]);
  const targets = inputLeaf(graph, trainerLabels.targets, [examples.targets.length]);
  const each = targetsPerExample(examples);
  const targetRows = windowsOf(targets, rows, { length: each, stride: each });
  return {
    tokens: windowsOf(inputs, rows, { length, stride: length }),
    targets: each === 1 && length > 1 ? reshape(targetRows, rows.shape) : targetRows,
  };
}
