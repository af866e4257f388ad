/**
 * What a model is: one function over a scope. From it follow its parameters, their number and their first values.
 *
 * @module
 */
import { Graph, type Tensor } from "../core/graph.ts";
import { type Init, type Parameter, parameterCount, RootScope, type Scope } from "../core/scope.ts";
import { normals } from "../random/philox.ts";
import { type Shape, sizeOf, type TensorMap } from "../core/tensor.ts";

/** What a training program draws random numbers by. */
export interface Randomness {
  /** Number of the micro-batch in the run, u32 [1]. */
  readonly draw: Tensor;
  /** Philox key of a place in the model, u32 [2]: a function of the run's seed and the place's path alone. */
  key(path: string): Tensor;
}

/** Where the keys and values of some texts' tokens are kept, so that only new tokens are given to `forward`. */
export interface KvCache {
  /** How many texts it holds. */
  readonly texts: number;
  /** Tokens of each at most: the model's sequence length. */
  readonly seqLen: number;
  /** Each new token's position in its text, u32 [B, T]; ascending by 1 in a row. */
  readonly positions: Tensor;
  /** Where a row's first token stands: its text's number times seqLen, plus its position; u32 [B]. */
  readonly firstRows: Tensor;
}

/** What `forward` may be asked for beside its input. */
export interface ForwardOptions {
  /** Positions b·T + t, u32 [R]: logits are then made for these alone, [R, Vp]. */
  readonly rows?: Tensor;
  /** In training programs alone: a model with dropout then drops. */
  readonly training?: Randomness;
  /** Tokens go on from those before them in their texts. Not while training. */
  readonly cache?: KvCache | undefined;
}

/**
 * What the backward pass computes again instead of keeping it: nothing; what GELUs give (as llm.c's `-r 1`); or whole
 * blocks, of which only the input is kept.
 */
export type Recompute = "none" | "gelu" | "block";

/** What `losses` is of, and how. */
export interface LossInputs {
  /** u32 [B, T]. */
  readonly tokens: Tensor;
  /** u32 [B, T]; what is no token gives no loss. */
  readonly targets: Tensor;
  /** In training programs alone: a model with dropout then drops. */
  readonly training?: Randomness;
  /** Default none. Losses and gradients are the same. */
  readonly recompute?: Recompute;
}

/** A language model. */
export interface Model<Config = unknown> {
  /** What kind of model: "gpt". */
  readonly name: string;
  /** Its sizes, plain data: a checkpoint keeps them. */
  readonly config: Config;
  /** Token ids are below it. */
  readonly vocabSize: number;
  /** Columns of the logits: vocabSize or more. */
  readonly paddedVocabSize: number;
  /** The longest sequence. */
  readonly seqLen: number;
  /** tokens u32 [B, T] → logits [B, T, Vp]. */
  forward(scope: Scope, tokens: Tensor, options?: ForwardOptions): Tensor;
  /** tokens, targets u32 [B, T] → each position's cross entropy [B, T]; 0 for targets that are no token. */
  losses(scope: Scope, inputs: LossInputs): Tensor;
}

/**
 * What can be trained on examples: a language model, or a net that predicts one token from a context of fixed length,
 * with logits [B, V] and one loss an example.
 */
export interface TrainableModel extends Pick<Model, "name" | "vocabSize" | "forward" | "losses"> {
  /** Tokens of an example, where they are fixed. */
  readonly context?: number;
}

/** A model's parameters by published name, in the order made. */
export function parametersOf(model: TrainableModel): ReadonlyMap<string, Parameter> {
  return scopeOf(model).parameters;
}

/** Number of trainable elements, padding of the vocabulary included. */
export function countParameters(model: TrainableModel): number {
  return parameterCount(parametersOf(model));
}

/** First values of all parameters and buffers: each a function of the seed and its name, so no order matters. */
export function initialWeights(model: TrainableModel, seed: number): TensorMap {
  return drawWeights(model, (init, { name, count }) => normals(seed, name, count, init.std));
}

/**
 * Parameters and buffers by name, their normal numbers drawn by `draw`, in the order in which the model makes them: so a
 * generator that is drawn from gives what a notebook's gave, which made them in the same order.
 */
export function drawWeights(
  model: TrainableModel,
  draw: (
    init: Extract<Init, { readonly kind: "normal" }>,
    parameter: { readonly name: string; readonly count: number; readonly shape: Shape },
  ) => Float32Array,
): TensorMap {
  const { parameters, buffers } = scopeOf(model), weights: [string, TensorMap[string]][] = [];
  for (const [name, { tensor: { shape }, init }] of [...parameters, ...buffers]) {
    const count = sizeOf(shape);
    const data = init.kind === "normal" ? draw(init, { name, count, shape }) : new Float32Array(count);
    if (init.kind === "ones") data.fill(1);
    if (init.kind === "constant") data.fill(init.value);
    weights.push([name, { shape, data }]);
  }
  return Object.fromEntries(weights);
}

function scopeOf(model: TrainableModel): RootScope {
  const graph = new Graph(), scope = new RootScope(graph);
  model.forward(scope, graph.leaf("tokens", { shape: [1, model.context ?? 1], dtype: "u32" }, "input"));
  return scope;
}
