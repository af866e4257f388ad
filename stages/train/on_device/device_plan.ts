/**
 * Programs for small nets whose data set lies on the device: a step picks its examples by number, so that a thousand
 * steps need one write, one run and one read.
 *
 * @module
 */
import { leastLimits } from "../../../kernels/core/gpu.ts";
import { accumulate, fill } from "../../../kernels/core/gradient_ops.ts";
import { eachGradient, gradients } from "../../../kernels/core/gradients.ts";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { RootScope, type Scope } from "../../../kernels/core/scope.ts";
import { compile, flopsOf, type Program } from "../../../kernels/core/program.ts";
import type { DType, Shape } from "../../../kernels/core/tensor.ts";
import { reshape } from "../../../kernels/core/view.ts";
import { parametersOf, type TrainableModel } from "../../../kernels/models/model.ts";
import { add, mul } from "../../../kernels/ops/elementwise/arith.ts";
import { sum } from "../../../kernels/ops/reduce/reduce.ts";
import { putRows } from "../../../kernels/ops/loss/row_blocks.ts";
import { scale } from "../../../kernels/ops/elementwise/scale.ts";
import { take } from "../../../kernels/ops/indexing/slice.ts";
import { clear, count } from "../../../kernels/ops/update/state.ts";
import { windowsOf } from "../../../kernels/ops/indexing/token_windows.ts";
import { type Optimizer, parameterGroups } from "../../../kernels/optim/optimizer.ts";
import { advanceDraw, randomness } from "../../model/randomness.ts";

/** Examples, each a row; or a text, in which example i is the `context` tokens from i on, each predicting the next. */
export type Examples =
  | {
    /** Tokens of an example. */
    readonly context: number;
    /** [N, context]. */
    readonly inputs: Uint32Array;
    /** [N], or [N, context]: one a position, where `ignoredTarget` counts for nothing. */
    readonly targets: Uint32Array;
  }
  | { readonly context: number; readonly text: Uint32Array };

/** What a step is made from. */
export interface StepBatch {
  /** u32 [B, context]. */
  readonly tokens: Tensor;
  /** u32 [B] or [B, context]. */
  readonly targets: Tensor;
}

/** A step's loss and gradients, made by hand. */
export interface ManualStep {
  /** Of one element. */
  readonly loss: Tensor;
  /** By the parameter's name, all of them. */
  readonly gradients: Readonly<Record<string, Tensor>>;
}

/** What programs to make. */
export interface DevicePlanOptions {
  /** What is trained. */
  readonly model: TrainableModel;
  /** All examples, of all splits. */
  readonly examples: Examples;
  /** Examples a step. */
  readonly batch: number;
  /** How parameters are updated. */
  readonly optimizer: Optimizer;
  /** Steps that one write, run and read take; default 1000. */
  readonly chunk?: number;
  /** Added to the loss, of one element: a pull on weights, made on the model's scope. */
  readonly penalty?: (scope: Scope) => Tensor;
  /** Loss and gradients of a step by hand instead of by the model's losses and their derivative. */
  readonly manual?: (scope: Scope, batch: StepBatch) => ManualStep;
  /** Whether probes and gradients can be looked at; default false. */
  readonly inspection?: boolean;
  /** Examples that are evaluated at once; default 512. */
  readonly evalBatch?: number;
}

/** Labels of what the programs read and leave. */
export const trainerLabels = {
  /** u32 [1]: number of the step in its chunk, and of the batch in an evaluation. */
  slot: "resident/slot",
  /** u32 [chunk, B]: each step's examples. */
  rows: "resident/rows",
  /** [chunk, 1]: each step's. */
  rates: "resident/rates",
  /** [chunk, 1]: 1 / targets that count. */
  lossWeights: "resident/lossWeights",
  /** [chunk, 1]: numbers of updates from 1. */
  steps: "resident/steps",
  /** [chunk, 1]. */
  losses: "resident/losses",
  /** u32 [N, context], or the text. */
  inputs: "resident/inputs",
  /** u32 [N] or [N, context]. */
  targets: "resident/targets",
  /** u32 [evalBatches, evalBatch]. */
  evalRows: "resident/eval/rows",
  /** [evalBatches, evalBatch · targets an example]. */
  evalLosses: "resident/eval/losses",
  /** u32 [1, context]. */
  tokens: "resident/tokens",
  /** Of these tokens; the name is not a parameter's, as plain "logits" would be. */
  logits: "resident/logits",
} as const;

/** Batches that one run evaluates. */
export const evalBatches = 16;

/** Steps of one chunk. */
export function stepsPerChunk({ chunk = 1000 }: DevicePlanOptions): number {
  return chunk;
}

/** Targets of an example. */
export function targetsPerExample(examples: Examples): number {
  return "text" in examples ? examples.context : examples.targets.length / exampleCount(examples);
}

/** Examples that there are. */
export function exampleCount(examples: Examples): number {
  return "text" in examples
    ? examples.text.length - examples.context
    : examples.inputs.length / examples.context;
}

/** The programs `step`, `eval` and `predict`, and `look` where asked for. Throws RangeError for sizes that do not fit. */
export function devicePrograms(options: DevicePlanOptions): readonly Program[] {
  const n = exampleCount(options.examples), each = targetsPerExample(options.examples);
  const sizes = {
    batch: options.batch,
    chunk: stepsPerChunk(options),
    examples: n,
    "targets of an example": each,
  };
  for (const [name, size] of Object.entries(sizes)) {
    if (Number.isInteger(size) && size >= 1) continue;
    throw new RangeError(`Cannot train with ${name} ${size}: wanted a whole number above 0`);
  }
  return [
    compile("step", stepGraph(options)),
    compile("eval", evalGraph(options)),
    compile("predict", predictGraph(options)),
    ...(options.inspection ? [compile("look", lookGraph(options))] : []),
  ];
}

/**
 * How many threads a step is fastest on, as options of `openCpu`: one where its ops are shorter than threads take to meet,
 * else what the engine chooses.
 */
export function threadsFor(options: DevicePlanOptions): { readonly threads?: 1 } {
  const step = compile("step", stepGraph(options));
  return flopsOf(step) / step.calls.length < 150_000 ? { threads: 1 } : {};
}

/** One update: its examples, forward, backward, optimizer; everything that changes from step to step is read by `slot`. */
function stepGraph(options: DevicePlanOptions): Graph {
  const { optimizer, manual: byHand } = options, chunk = stepsPerChunk(options);
  const graph = new Graph(),
    scope = new RootScope(graph),
    slot = input(graph, trainerLabels.slot, [1], "u32");
  const now = (label: string) => take(input(graph, label, [chunk, 1], "f32"), slot);
  const parameters = [...parametersOf(options.model).values()].map(({ tensor }) => {
    return graph.leaf(tensor.label, tensor, "parameter");
  });
  const gradientOf = new Map(parameters.map((p) => [p, graph.leaf(`${p.label}/grad`, p, "gradient")]));
  let loss: Tensor;
  if (byHand === undefined) {
    loss = lossOf(options, { graph, scope, slot });
    const missing = new Set(parameters);
    for (const { of } of eachGradient(loss, parameters, { into: gradientOf })) missing.delete(of);
    for (const { label } of missing) throw new Error(`Cannot train ${label}: the loss does not depend on it`);
  } else {
    const made = byHand(scope, batchOf(options, { graph, slot }));
    loss = made.loss;
    for (const [parameter, buffer] of gradientOf) {
      const gradient = made.gradients[parameter.label];
      if (gradient === undefined) {
        throw new Error(`Cannot train ${parameter.label}: it got no gradient by hand`);
      }
      accumulate(buffer, gradient);
    }
  }
  putRows(graph.leaf(trainerLabels.losses, { shape: [chunk, 1], dtype: "f32" }, "output"), {
    block: slot,
    part: reshape(loss, [1, 1]),
  });
  const learningRate = now(trainerLabels.rates),
    step = now(trainerLabels.steps),
    factor = fill(learningRate, 1);
  const { separate } = optimizer, packBytes = leastLimits.maxStorageBufferBindingSize;
  parameterGroups(parameters, { packBytes, separate: separate && ((p) => separate(p)) }).forEach(
    (group, i) => {
      const params = graph.pack(`parameters/${i}`, group, "parameter");
      const specs = group.map((spec) => ({ ...spec, label: `${spec.label}/grad` }));
      const slopes = graph.pack(`gradients/${i}`, specs, "gradient");
      optimizer.update(scope, params, { gradients: slopes, learningRate, step, scale: factor });
      clear(slopes.tensor);
    },
  );
  advanceDraw(graph);
  count(slot, { by: 1, wrap: chunk });
  return graph;
}

/** Losses of a batch, one a target, without training. */
function evalGraph({ model, examples, evalBatch = 512 }: DevicePlanOptions): Graph {
  const graph = new Graph(), slot = input(graph, trainerLabels.slot, [1], "u32");
  const rows = take(input(graph, trainerLabels.evalRows, [evalBatches, evalBatch], "u32"), slot);
  const losses = model.losses(new RootScope(graph), pick(graph, { examples, rows }));
  const each = evalBatch * targetsPerExample(examples);
  putRows(graph.leaf(trainerLabels.evalLosses, { shape: [evalBatches, each], dtype: "f32" }, "output"), {
    block: slot,
    part: reshape(losses, [1, each]),
  });
  count(slot, { by: 1, wrap: evalBatches });
  return graph;
}

/** Logits of one context. */
function predictGraph({ model, examples: { context } }: DevicePlanOptions): Graph {
  const graph = new Graph();
  const logits = model.forward(new RootScope(graph), input(graph, trainerLabels.tokens, [1, context], "u32"));
  graph.output(trainerLabels.logits, logits);
  return graph;
}

/** A step's probes and gradients, without its update. */
function lookGraph(options: DevicePlanOptions): Graph {
  const graph = new Graph(),
    scope = new RootScope(graph),
    slot = input(graph, trainerLabels.slot, [1], "u32");
  const loss = lossOf(options, { graph, scope, slot });
  const probes = [...scope.probes].filter(([, t]) => t.dtype === "f32");
  // Copies, for a probe may be overwritten on the way back.
  for (const [name, t] of probes) graph.output(name, scale(t, 1));
  graph.output("loss", scale(loss, 1));
  const of = new Map([
    ...probes,
    ...[...scope.parameters].map(([name, { tensor }]) => [name, tensor] as const),
  ]);
  const labels = [...of.keys()], found = gradients(loss, [...of.values()]);
  found.forEach((g, i) => g !== null && graph.output(`${labels[i]}/look`, scale(g, 1)));
  return graph;
}

function lossOf(
  { model, examples, penalty, ...options }: DevicePlanOptions,
  { graph, scope, slot }: { readonly graph: Graph; readonly scope: Scope; readonly slot: Tensor },
): Tensor {
  const batch = batchOf({ model, examples, ...options }, { graph, slot });
  const losses = model.losses(scope, { ...batch, training: randomness(graph) });
  const weight = take(
    input(graph, trainerLabels.lossWeights, [stepsPerChunk({ model, examples, ...options }), 1], "f32"),
    slot,
  );
  const loss = mul(sum(losses, { shape: [1] }), weight);
  return penalty === undefined ? loss : add(loss, penalty(scope));
}

function batchOf(
  options: DevicePlanOptions,
  { graph, slot }: { readonly graph: Graph; readonly slot: Tensor },
): StepBatch {
  const rows = take(input(graph, trainerLabels.rows, [stepsPerChunk(options), options.batch], "u32"), slot);
  return pick(graph, { examples: options.examples, rows });
}

function pick(
  graph: Graph,
  { examples, rows }: { readonly examples: Examples; readonly rows: Tensor },
): StepBatch {
  const { context: length } = examples;
  if ("text" in examples) {
    const text = input(graph, trainerLabels.inputs, [examples.text.length], "u32");
    return {
      tokens: windowsOf(text, rows, { length }),
      targets: windowsOf(text, rows, { length, shift: 1 }),
    };
  }
  const inputs = input(graph, trainerLabels.inputs, [examples.inputs.length], "u32");
  const targets = input(graph, trainerLabels.targets, [examples.targets.length], "u32");
  const each = targetsPerExample(examples), own = windowsOf(targets, rows, { length: each, stride: each });
  return {
    tokens: windowsOf(inputs, rows, { length, stride: length }),
    targets: each === 1 && length > 1 ? reshape(own, rows.shape) : own,
  };
}

function input(graph: Graph, label: string, shape: Shape, dtype: DType): Tensor {
  return graph.leaf(label, { shape, dtype }, "input");
}
