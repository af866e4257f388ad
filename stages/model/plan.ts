/**
 * A model's programs: micro (one micro-batch's gradients), update (clip and optimize), eval (losses), those of
 * decode_plan.ts (for sampling). They are data, planned without a device; `--dry-run` prints what they need.
 *
 * @module
 */
import { leastLimits } from "../../kernels/core/gpu.ts";
import { accumulate } from "../../kernels/core/gradient_ops.ts";
import { eachGradient } from "../../kernels/core/gradients.ts";
import { Graph, type Tensor } from "../../kernels/core/graph.ts";
import { type Parameter, parameterCount, RootScope } from "../../kernels/core/scope.ts";
import type { NamedSpec } from "../../kernels/core/pack.ts";
import { compile, flopsOf, type Program } from "../../kernels/core/program.ts";
import { memoryByKind } from "../../kernels/core/regions.ts";
import type { DType, MemoryKind, Shape } from "../../kernels/core/tensor.ts";
import { type Model, parametersOf, type Recompute } from "../../kernels/models/model.ts";
import { mul } from "../../kernels/ops/elementwise/arith.ts";
import { globalNorm } from "../../kernels/ops/update/global_norm.ts";
import { sum } from "../../kernels/ops/reduce/reduce.ts";
import { putRows } from "../../kernels/ops/loss/row_blocks.ts";
import { scale } from "../../kernels/ops/elementwise/scale.ts";
import { take } from "../../kernels/ops/indexing/slice.ts";
import { assign, clear, count } from "../../kernels/ops/update/state.ts";
import { type Optimizer, parameterGroups } from "../../kernels/optim/optimizer.ts";
import type { Batch } from "../items.ts";
import { decodePrograms } from "./decode_plan.ts";
import { advanceDraw, randomness } from "./randomness.ts";
import { scoringProgram, scoringShapes } from "./scoring.ts";

/** How a model is trained. */
export interface TrainingPlan {
  /** How parameters are updated. */
  readonly optimizer: Optimizer;
  /** Micro-batches a step, sequences a micro-batch, tokens a sequence. */
  readonly shape: Batch["shape"];
  /** Largest norm of all gradients together; 0: no clipping. */
  readonly clip: number;
  /**
   * Gradients are this many times as large until they are applied: for products in 16 bits, which keep nothing of very
   * small ones. A power of two takes no bits away. Default 1.
   */
  readonly gradientScale?: number;
  /** What the backward pass computes again instead of keeping it; default none. Results are the same. */
  readonly recompute?: Recompute;
  /** Whether to make the program `inspect`, which keeps what a micro-batch's values inside the model are. */
  readonly inspection?: boolean;
  /**
   * Whether to separate measuring an update from applying it, so that the host can read its loss and gradient norm
   * first: the programs `commit` and `discard` then take the place of `update`. Default false.
   */
  readonly deferred?: boolean;
  /** Updates whose losses and norms the device keeps until they are read, all at once. Default 10. */
  readonly history?: number;
}

/** What programs to make. */
export interface PlanOptions {
  /** Whose programs to make. */
  readonly model: Model<unknown>;
  /** Absent: no micro and update programs. */
  readonly training?: TrainingPlan;
  /** Sizes of one run of `eval`. */
  readonly evaluation?: { readonly batch: number; readonly seqLen: number };
  /** Tokens of one run of a `score/<length>` program, see `scoringShapes`; absent: there are none. */
  readonly scoring?: { readonly tokens: number };
  /** Whether to make the programs that predict the next token, and of how many texts at once; true: of one. */
  readonly sampling?: boolean | { readonly texts: number };
  /**
   * The most that a pack of parameters may take, in bytes: what the device can bind at once, see `largestPack`. Each
   * pack adds five dispatches to the update. Default 128 MiB, the least that WebGPU grants.
   */
  readonly packBytes?: number;
}

/** Programs and what they cost. */
export interface Plan extends PlanOptions {
  /** All of one session: they share weights by label. */
  readonly programs: readonly Program[];
  /** By published name. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Trainable elements, padding of the vocabulary included. */
  readonly parameterCount: number;
  /** Bytes by what the memory is for. */
  readonly memory: Readonly<Record<MemoryKind, number>>;
  /** Floating-point operations of one optimizer step; 0 without training. */
  readonly flopsPerStep: number;
  /** 0 without training. */
  readonly tokensPerStep: number;
  /** Texts whose next tokens can be predicted at once; 0 without sampling. */
  readonly texts: number;
}

const leastPackBytes = leastLimits.maxStorageBufferBindingSize;

/**
 * Makes a model's programs. Throws RangeError for sizes that are no whole numbers above 0, ShapeError for a sequence
 * longer than the model's.
 */
export function plan(options: PlanOptions): Plan {
  const { model, training, evaluation, scoring, sampling = false, packBytes = leastPackBytes } = options;
  const parameters = parametersOf(model);
  const programs: Program[] = [];
  if (training !== undefined) {
    checkSizes("train", training.shape);
    checkHistory(historyLength(training));
    checkGradientScale(training);
    programs.push(compile("micro", microGraph(model, training)));
    const parts = training.deferred === true
      ? ["measure", "commit", "discard"] as const
      : ["update"] as const;
    for (const part of parts) {
      programs.push(compile(part, updateGraph(parameters, { ...training, packBytes, part })));
    }
    if (training.inspection === true) programs.push(compile("inspect", inspectGraph(model, training)));
  }
  if (evaluation !== undefined) {
    checkSizes("evaluate", [evaluation.batch, evaluation.seqLen]);
    programs.push(
      compile("eval", evalGraph(model, { name: "eval", shape: [evaluation.batch, evaluation.seqLen] })),
    );
  }
  for (const shape of scoring === undefined ? [] : scoringShapes(model.seqLen, scoring)) {
    const name = scoringProgram(shape);
    programs.push(compile(name, evalGraph(model, { name, shape })));
  }
  const texts = typeof sampling === "object" ? sampling.texts : Number(sampling);
  if (sampling !== false) checkSizes("sample", [texts]);
  programs.push(...decodePrograms(model, texts));

  const [accum, batch, seqLen] = training?.shape ?? [0, 0, 0];
  const flops = new Map(programs.map((p) => [p.name, flopsOf(p)]));
  return {
    ...options,
    programs,
    parameters,
    parameterCount: parameterCount(parameters),
    memory: memoryByKind(programs),
    flopsPerStep: programsOfStep(training).reduce((sum, name) => sum + (flops.get(name) ?? 0), 0),
    tokensPerStep: accum * batch * seqLen,
    texts,
  };
}

/** The programs of one update that is made, in order; none without training. */
export function programsOfStep(training: TrainingPlan | undefined): readonly string[] {
  if (training === undefined) return [];
  const micros = Array<string>(training.shape[0]).fill("micro");
  return [...micros, ...(training.deferred === true ? ["measure", "commit"] : ["update"])];
}

function microGraph(
  model: Model<unknown>,
  { shape, recompute = "none", gradientScale = 1 }: TrainingPlan,
): Graph {
  const graph = new Graph();
  const scope = new RootScope(graph);
  const micro = input(graph, "micro", [1], "u32");
  const tokens = take(input(graph, "inputs", shape, "u32"), micro);
  const targets = take(input(graph, "targets", shape, "u32"), micro);
  const losses = model.losses(scope, { tokens, targets, recompute, training: randomness(graph) });
  // The weight is 1 / (tokens that count in the whole step), so micro-batches simply add up.
  const loss = mul(sum(losses, { shape: [1] }), input(graph, "lossWeight", [1], "f32"));
  const missing = new Set([...scope.parameters.values()].map((p) => p.tensor));
  const into = new Map([...missing].map((tensor) => [tensor, gradientOf(graph, tensor)]));
  const source = gradientScale === 1 ? loss : scale(loss, gradientScale);
  for (const { of } of eachGradient(source, [...missing], { into })) missing.delete(of);
  for (const { label } of missing) {
    throw new Error(`Cannot train ${label}: the loss does not depend on it`);
  }
  accumulate(lossSum(graph), loss);
  count(micro, { by: 1, wrap: shape[0] });
  advanceDraw(graph);
  return graph;
}

/** A micro-batch's loss and gradients as in `micro`, without dropout; the model's probes and their gradients stay. */
function inspectGraph(model: Model<unknown>, { shape, gradientScale = 1 }: TrainingPlan): Graph {
  const graph = new Graph();
  const scope = new RootScope(graph);
  const tokens = input(graph, "inspect/inputs", shape.slice(1), "u32");
  const targets = input(graph, "inspect/targets", shape.slice(1), "u32");
  const losses = model.losses(scope, { tokens, targets });
  const loss = mul(sum(losses, { shape: [1] }), input(graph, "lossWeight", [1], "f32"));
  const parameters = [...scope.parameters.values()].map((p) => p.tensor);
  const probes = new Map([...scope.probes].map(([name, tensor]) => [tensor, probeLabel(name)]));
  const into = new Map(parameters.map((tensor) => [tensor, gradientOf(graph, tensor)]));
  const source = gradientScale === 1 ? loss : scale(loss, gradientScale);
  for (const [tensor, label] of probes) graph.output(label, tensor);
  for (const { of, gradient } of eachGradient(source, [...parameters, ...probes.keys()], { into })) {
    const label = probes.get(of);
    if (label !== undefined) graph.output(`${label}/grad`, gradient);
  }
  return graph;
}

/** Labels of a model's probes in the program `inspect`. */
export function probeLabel(name: string): string {
  return `probe/${name}`;
}

const HISTORY = 10; // updates: late by seconds at most, and seldom enough that a GPU is hardly ever waited for

/** How many updates' losses and norms the device keeps. */
export function historyLength({ history = HISTORY }: TrainingPlan): number {
  return history;
}

/**
 * Parameters, gradients and the optimizer's memory are packs here: a handful of calls goes over all of them. `update` does
 * everything. A deferred update is split: `measure` stores the clipping factor, `commit` applies it, `discard` applies nothing.
 */
function updateGraph(
  parameters: Plan["parameters"],
  training: TrainingPlan & {
    readonly packBytes: number;
    readonly part: "update" | "measure" | "commit" | "discard";
  },
): Graph {
  const { optimizer, clip, packBytes, part, gradientScale = 1 } = training, history = historyLength(training);
  const graph = new Graph();
  const scope = new RootScope(graph);
  const groups = parameterGroups([...parameters.values()].map((p) => p.tensor), {
    packBytes,
    separate: optimizer.separate?.bind(optimizer),
  });
  const packs = groups.map((group, i) => ({
    params: graph.pack(`parameters/${i}`, group, "parameter"),
    gradients: graph.pack(
      `gradients/${i}`,
      group.map((spec) => ({ ...spec, label: gradientLabel(spec) })),
      "gradient",
    ),
  }));
  const measure = () => {
    const scaled = globalNorm(packs.map(({ gradients }) => gradients.tensor), { clip: clip * gradientScale });
    const unscaled = (x: Tensor) => gradientScale === 1 ? x : scale(x, 1 / gradientScale);
    return { norm: unscaled(scaled.norm), factor: unscaled(scaled.scale) };
  };
  const forget = ({ gradients }: (typeof packs)[number]) => void clear(gradients.tensor);
  const apply = (factor: Tensor) => {
    const learningRate = input(graph, "learningRate", [1], "f32");
    const step = input(graph, "step", [1], "f32");
    for (const pack of packs) {
      optimizer.update(scope, pack.params, { gradients: pack.gradients, learningRate, step, scale: factor });
      forget(pack);
    }
  };
  const remember = (norm: Tensor) => {
    const slot = input(graph, "slot", [1], "u32");
    for (const [label, part] of [["history/loss", lossSum(graph)], ["history/gradNorm", norm]] as const) {
      putRows(graph.leaf(label, { shape: [history, 1], dtype: "f32" }, "output"), { block: slot, part });
    }
    count(slot, { by: 1, wrap: history });
  };
  const kept = () => graph.leaf("factor", { shape: [1], dtype: "f32" }, "output");
  switch (part) {
    case "update": {
      const { norm, factor } = measure();
      apply(factor);
      remember(norm);
      break;
    }
    case "measure": {
      const { norm, factor } = measure();
      assign(kept(), factor);
      remember(norm);
      return graph;
    }
    case "commit":
      apply(kept());
      break;
    case "discard":
      packs.forEach(forget);
  }
  clear(lossSum(graph));
  return graph;
}

function evalGraph(
  model: Model<unknown>,
  { name, shape }: { readonly name: string; readonly shape: Shape },
): Graph {
  const graph = new Graph();
  const tokens = input(graph, `${name}/inputs`, shape, "u32");
  const targets = input(graph, `${name}/targets`, shape, "u32");
  graph.output(`${name}/losses`, model.losses(new RootScope(graph), { tokens, targets }));
  return graph;
}

function input(graph: Graph, label: string, shape: Shape, dtype: DType): Tensor {
  return graph.leaf(label, { shape, dtype }, "input");
}

function gradientOf(graph: Graph, parameter: NamedSpec): Tensor {
  return graph.leaf(gradientLabel(parameter), parameter, "gradient");
}

function gradientLabel({ label }: NamedSpec): string {
  return `${label}/grad`;
}

function lossSum(graph: Graph): Tensor {
  return graph.leaf("loss/sum", { shape: [1], dtype: "f32" }, "output");
}

function checkSizes(verb: string, sizes: readonly number[]): void {
  if (sizes.every((n) => Number.isInteger(n) && n >= 1)) return;
  throw new RangeError(`Cannot ${verb} on batches of [${sizes}]: every size must be a whole number above 0`);
}

function checkHistory(history: number): void {
  if (Number.isInteger(history) && history >= 1) return;
  throw new RangeError(`Cannot keep the losses of ${history} updates: wanted a whole number above 0`);
}

function checkGradientScale({ gradientScale = 1 }: TrainingPlan): void {
  if (gradientScale > 0 && Number.isFinite(gradientScale)) return;
  throw new RangeError(`Cannot make gradients ${gradientScale} times as large: wanted a number above 0`);
}
