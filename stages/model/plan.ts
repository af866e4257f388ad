/**
 * All programs of a model, planned without a device. They are data: `--dry-run` prints what they need, and a
 * session replays them.
 *
 * @module
 */
import { leastLimits } from "../../kernels/core/gpu.ts";
import { Graph } from "../../kernels/core/graph.ts";
import { compile, flopsOf, type Program } from "../../kernels/core/program.ts";
import { memoryByKind } from "../../kernels/core/regions.ts";
import {
  type Parameter,
  parameterCount,
  type QuantizedWeights,
  RootScope,
} from "../../kernels/core/scope.ts";
import type { MemoryKind, Shape } from "../../kernels/core/tensor.ts";
import { type Model, parametersOf } from "../../kernels/models/model.ts";
import { blockBytes } from "../../kernels/ops/loss/linear_cross_entropy.ts";
import type { AttentionForm } from "../../kernels/ops/attention/attention_sizes.ts";
import { decodePrograms } from "./decode_plan.ts";
import { inspectGraph, microGraph } from "./gradient_graphs.ts";
import { inputLeaf } from "./leaves.ts";
import { scoringProgram, scoringShapes } from "./scoring.ts";
import { traceProgram } from "./trace.ts";
import { outerGraph, outerPrograms } from "./outer_graph.ts";
import { type OverlapPart, overlapParts } from "./overlap.ts";
import { sumGraph } from "./sum_graph.ts";
import {
  addsAsTree,
  checkTrainingPlan,
  ownShape,
  programsOfStep,
  sumProgramName,
  sumPrograms,
  type TrainingPlan,
} from "./training_plan.ts";
import { updateGraph, updatePrograms } from "./update_graph.ts";

export type { OverlapPart } from "./overlap.ts";
export type { OuterStep, TrainingPlan } from "./training_plan.ts";

/** Which programs to make. */
export interface PlanOptions {
  /** The model. */
  readonly model: Model<unknown>;
  /** How to train the model. If absent, there are no programs for training. */
  readonly training?: TrainingPlan;
  /** Size of a batch for the program `eval`. If absent, the program is not made. */
  readonly evaluation?: { readonly batch: number; readonly seqLen: number };
  /**
   * Model whose losses the program `reference` computes for batches of the evaluation, with the weights that
   * it shares with `model`: the same model without adapters. If absent, the program is not made.
   */
  readonly reference?: Model<unknown>;
  /**
   * Number of tokens in one run of a program `score/<length>`, see `scoringShapes`. If absent, these programs
   * are not made.
   */
  readonly scoring?: { readonly tokens: number };
  /**
   * Whether to make the programs that generate text, for how many texts at once, and for texts of at most how
   * many tokens; true: for one text of the model's sequence length. `dealt` says whether several processes
   * generate them together, each some of the texts; otherwise the first process does. `scores` says whether
   * to make the program that returns the logits after each token of a prompt. Default false.
   */
  readonly sampling?:
    | boolean
    | {
      readonly texts: number;
      readonly seqLen?: number;
      readonly dealt?: boolean;
      readonly scores?: boolean;
    };
  /**
   * Length in tokens of the texts that `ModelSession.trace` takes. If absent, the program `trace` is not
   * made.
   */
  readonly tracing?: { readonly seqLen: number };
  /** Divisor of the logits in all losses: that of training, of the evaluation and of scoring. Default 1. */
  readonly temperature?: number;
  /**
   * Maximum size of a pack of parameters in bytes; ideally as many as the device can bind at once, see
   * `largestPack`. Each pack adds five dispatches to an update. Default 128 MiB, the minimum that WebGPU
   * guarantees.
   */
  readonly packBytes?: number;
  /**
   * Layouts of those parameters that are quantised; they cannot be trained. Their weights are the words of
   * the layouts. Default: none.
   */
  readonly quantized?: QuantizedWeights;
  /**
   * Returns whether training changes a parameter, by its name; the others have no gradient and no optimizer
   * state. Quantised parameters are never trained. Default: all others are.
   */
  trains?(name: string): boolean;
}

/** Programs and what they cost. */
export interface Plan extends PlanOptions {
  /** Programs of one session. Weights with the same label are shared. */
  readonly programs: readonly Program[];
  /** Parameters, keyed by published name. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Parameters that training changes, keyed by published name; empty without training. */
  readonly trained: ReadonlyMap<string, Parameter>;
  /** Number of trainable elements, including those that pad the vocabulary. */
  readonly parameterCount: number;
  /** Bytes of memory for each purpose. */
  readonly memory: Readonly<Record<MemoryKind, number>>;
  /** Floating-point operations per update; 0 without training. */
  readonly flopsPerStep: number;
  /** Tokens per update; 0 without training. */
  readonly tokensPerStep: number;
  /** Number of texts that can be generated at once; 0 without sampling. */
  readonly texts: number;
  /** Largest number of tokens of a text that is generated. */
  readonly cacheLength: number;
  /** How each block attends, for `ModelSession.trace`; empty without tracing. */
  readonly traced: readonly AttentionForm[];
  /** The last micro-batch of a step if gradients are added beside it, see `TrainingPlan`; otherwise empty. */
  readonly overlap: readonly OverlapPart[];
}

/**
 * Plans a model's programs. Throws RangeError for sizes that are not whole numbers above 0 and where no
 * parameter can be trained, and ShapeError for sequences longer than the model's.
 *
 * @example
 * ```ts
 * import { adamw, gpt, plan } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const training = { optimizer: adamw(), shape: [2, 4, 8] as const, clip: 1 };
 * const { programs, tokensPerStep } = plan({ model, training, evaluation: { batch: 4, seqLen: 8 } });
 * console.log(programs.map(({ name }) => name)); // [ "micro", "update", "eval", "keep/0", "merge/0" ]
 * console.log(tokensPerStep); // 64
 * ```
 */
export function plan(options: PlanOptions): Plan {
  const { model, training, evaluation, scoring, sampling = false, quantized, temperature = 1 } = options;
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(`Cannot divide logits by ${temperature}: wanted a finite number above 0`);
  }
  const { packBytes = leastLimits.maxStorageBufferBindingSize } = options;
  const parameters = parametersOf(model);
  const trained = new Map(
    [...parameters].filter(([name]) =>
      training !== undefined && quantized?.has(name) !== true && options.trains?.(name) !== false
    ),
  );
  const programs: Program[] = [];
  if (training !== undefined) {
    if (trained.size === 0) {
      throw new RangeError("Cannot train: every parameter is quantised or left out: add adapters (withLora)");
    }
    checkSizes("train", training.shape);
    checkTrainingPlan(training);
    const trains = (name: string) => trained.has(name),
      form = { ...training, quantized, trains, temperature };
    const graph = microGraph(model, {
      ...form,
      shape: ownShape(training),
      blockBytes: logitBytes(packBytes),
    });
    programs.push(compile("micro", graph));
    for (const program of updatePrograms(training)) {
      programs.push(compile(program, updateGraph(trained, { ...training, packBytes, program })));
    }
    const { outer } = training;
    if (outer !== undefined) {
      for (const program of outerPrograms) {
        programs.push(compile(program, outerGraph(trained, { ...training, packBytes, program, outer })));
      }
    }
    if (training.inspection === true) programs.push(compile("inspect", inspectGraph(model, form)));
  }
  if (evaluation !== undefined) {
    const shape = [evaluation.batch, evaluation.seqLen];
    checkSizes("evaluate", shape);
    programs.push(lossProgram(model, { name: "eval", shape, quantized, temperature }));
    if (options.reference !== undefined) {
      programs.push(lossProgram(options.reference, { name: "reference", shape, quantized, temperature }));
    }
  }
  for (const shape of scoring === undefined ? [] : scoringShapes(model.seqLen, scoring)) {
    programs.push(lossProgram(model, { name: scoringProgram(shape), shape, quantized, temperature }));
  }
  const traced: AttentionForm[] = [];
  if (options.tracing !== undefined) {
    checkSizes("trace", [options.tracing.seqLen]);
    const { program, forms } = traceProgram(model, { seqLen: options.tracing.seqLen, quantized });
    programs.push(program);
    traced.push(...forms);
  }
  const texts = typeof sampling === "object" ? sampling.texts : Number(sampling);
  if (sampling !== false) checkSizes("sample", [texts]);
  const { seqLen: longest = model.seqLen, scores = false } = typeof sampling === "object" ? sampling : {};
  if (sampling !== false) checkSizes("sample", [longest]);
  const cacheLength = Math.min(longest, model.seqLen);
  programs.push(...decodePrograms(model, { texts, seqLen: cacheLength, quantized, scores }));
  const decided = training && withSumDecided(training, memoryByKind(programs));
  for (const program of decided?.gradientSum === "tree" ? sumPrograms(decided) : []) {
    const graph = sumGraph(trained, { ...decided!, ...program, packBytes });
    programs.push(compile(sumProgramName(program), graph));
  }
  const overlap = decided === undefined ? [] : addOverlap(programs, decided);

  const [accum, batch, seqLen] = training?.shape ?? [0, 0, 0];
  const flops = new Map(programs.map((p) => [p.name, flopsOf(p)]));
  return {
    ...options,
    ...(decided && { training: decided }),
    programs,
    parameters,
    trained,
    parameterCount: parameterCount(parameters),
    memory: memoryByKind(programs),
    flopsPerStep: (training?.ranks ?? 1) *
      programsOfStep(decided).reduce((sum, name) => sum + (flops.get(name) ?? 0), 0),
    tokensPerStep: accum * batch * seqLen,
    texts,
    cacheLength,
    traced,
    overlap,
  };
}

/** Adds the programs of the last micro-batch in parts, if several processes add gradients beside it. */
function addOverlap(programs: Program[], training: TrainingPlan): readonly OverlapPart[] {
  const { overlap = false, ranks = 1, outer, deferred } = training;
  if (!overlap || ranks === 1 || outer !== undefined) return [];
  const named = (name: string) => programs.find((program) => program.name === name)!;
  const added = overlapParts(named("micro"), {
    update: named(deferred === true ? "measure" : "update"),
    training,
  });
  programs.push(...added.programs);
  return added.parts;
}

/** Returns how a model is trained, with the order of its sums decided by the memory of all else. */
function withSumDecided(training: TrainingPlan, memory: Plan["memory"]): TrainingPlan {
  const { input: _, ...other } = memory; // the inputs of all processes together are those of one
  const all = Object.values(other).reduce((sum, bytes) => sum + bytes, 0);
  const isTree = addsAsTree(training, { gradient: memory.gradient, all });
  return { ...training, gradientSum: isTree ? "tree" : "running" };
}

/**
 * Returns the size of a block of logits in training, for a device that binds `packBytes` bytes: undefined for
 * the default, which every device can bind. Larger blocks read the head's weight less often; beyond 512 MiB
 * they gain nothing.
 */
function logitBytes(packBytes: number): number | undefined {
  const isGpu = packBytes !== Infinity && packBytes > blockBytes;
  return isGpu ? Math.min(packBytes, 512 * 1024 ** 2) : undefined;
}

/** Returns the program that computes a batch's losses, one per target, without training. */
function lossProgram(
  model: Model<unknown>,
  { name, shape, quantized, temperature }: {
    readonly name: string;
    readonly temperature: number;
    readonly shape: Shape;
    readonly quantized: QuantizedWeights | undefined;
  },
): Program {
  const graph = new Graph();
  const tokens = inputLeaf(graph, `${name}/inputs`, shape);
  const targets = inputLeaf(graph, `${name}/targets`, shape);
  graph.output(
    `${name}/losses`,
    model.losses(new RootScope(graph, { quantized }), { tokens, targets, temperature }),
  );
  return compile(name, graph);
}

function checkSizes(verb: string, sizes: readonly number[]): void {
  if (sizes.every((n) => Number.isInteger(n) && n >= 1)) return;
  throw new RangeError(`Cannot ${verb} on batches of [${sizes}]: every size must be a whole number above 0`);
}
