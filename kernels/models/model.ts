/**
 * What a model is: one function over a scope. From it follow its parameters, their number and their first values.
 *
 * @module
 */
import { Graph, type Parameter, parameterCount, RootScope, type Scope } from "../core/graph.ts";
import { normals } from "../core/philox.ts";
import { sizeOf, type Tensor, type TensorMap } from "../core/tensor.ts";

/** What a training program draws random numbers by. */
export interface Randomness {
  /** Number of the micro-batch in the run, u32 [1]. */
  readonly draw: Tensor;
  /** Philox key of a place in the model, u32 [2]: a function of the run's seed and the place's path alone. */
  key(path: string): Tensor;
}

/** Where the keys and values of some texts' tokens are kept, so that only new tokens are given to `forward`. */
export interface TextCache {
  /** How many texts it holds. */
  readonly texts: number;
  /** Tokens of each at most: the model's sequence length. */
  readonly seqLen: number;
  /** Each new token's position in its text, u32 [B, T]; ascending by 1 in a row. */
  readonly positions: Tensor;
  /** Where a row's first token stands: its text's number times seqLen, plus its position; u32 [B]. */
  readonly places: Tensor;
}

/** What `forward` may be asked for beside its input. */
export interface ForwardOptions {
  /** Positions b·T + t, u32 [R]: logits are then made for these alone, [R, Vp]. */
  readonly rows?: Tensor;
  /** In training programs alone: a model with dropout then drops. */
  readonly training?: Randomness;
  /** Tokens go on from those before them in their texts. Not while training. */
  readonly cache?: TextCache | undefined;
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

/** A model's parameters by published name, in the order made. */
export function parametersOf(model: Model): ReadonlyMap<string, Parameter> {
  const graph = new Graph();
  const scope = new RootScope(graph);
  model.forward(scope, graph.leaf("tokens", { shape: [1, 1], dtype: "u32" }, "input"));
  return scope.parameters;
}

/** Number of trainable elements, padding of the vocabulary included. */
export function countParameters(model: Model): number {
  return parameterCount(parametersOf(model));
}

/** First values of all parameters: each a function of the seed and its name, so no order matters. */
export function initialWeights(model: Model, seed: number): TensorMap {
  const weights: [string, TensorMap[string]][] = [];
  for (const [name, { tensor, init }] of parametersOf(model)) {
    const { shape } = tensor;
    const count = sizeOf(shape);
    const data = init.kind === "normal" ? normals(seed, name, count, init.std) : new Float32Array(count);
    if (init.kind === "ones") data.fill(1);
    weights.push([name, { shape, data }]);
  }
  return Object.fromEntries(weights);
}
