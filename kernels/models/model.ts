/**
 * The interface of models. A model is a function that builds its graph on a scope; calling it once determines
 * the model's parameters, how many there are, and their initial values.
 *
 * @module
 */
import { Graph, type Tensor } from "../core/graph.ts";
import { type Init, type Parameter, parameterCount, RootScope, type Scope } from "../core/scope.ts";
import { normals, uniformAt } from "../random/philox.ts";
import { type Shape, sizeOf, type TensorMap } from "../core/tensor.ts";

/** The inputs of a training program that determine its random numbers. */
export interface Randomness {
  /** Index of the micro-batch within the run, u32 [1]. */
  readonly draw: Tensor;
  /**
   * Returns the Philox key for a path in the model, u32 [2], which depends only on the run's seed and the
   * path.
   */
  key(path: string): Tensor;
}

/**
 * A KV cache: it stores the keys and values of several texts, so that `forward` needs only the texts' new
 * tokens.
 */
export interface KvCache {
  /** Number of texts that the cache holds. */
  readonly texts: number;
  /** Longest text in tokens: the model's sequence length. */
  readonly seqLen: number;
  /** Position of each new token in its text, u32 [B, T]; consecutive within a row. */
  readonly positions: Tensor;
  /** Row of the cache for the first new token of each batch row: `text · seqLen + position`, u32 [B]. */
  readonly firstRows: Tensor;
}

/** Options of `forward`. */
export interface ForwardOptions {
  /**
   * Positions to compute logits for, each as `b·T + t`, u32 [R]; the logits are then [R, Vp]. Default: all
   * positions.
   */
  readonly rows?: Tensor;
  /** Random numbers for dropout, in training programs only; default: no dropout. */
  readonly training?: Randomness;
  /** KV cache with the earlier tokens of the texts that `tokens` continue; not in training programs. */
  readonly cache?: KvCache | undefined;
}

/**
 * Which activations the backward pass recomputes instead of storing them: none; the outputs of GELU, as llm.c
 * does for `-r 1`; or all activations inside each block, so that only the block's input is stored.
 */
export type Recompute = "none" | "gelu" | "block";

/** Where the documents of a sequence begin: no token attends to another document. */
export interface Segments {
  /** Position in the sequence at which the token's document begins, u32 [B, T]. */
  readonly firstKeys: Tensor;
  /** Position of the token in its document, u32 [B, T]. */
  readonly positions: Tensor;
}

/** Inputs and options of `losses`. */
export interface LossInputs {
  /** Input tokens, u32 [B, T]. */
  readonly tokens: Tensor;
  /** The token to predict at each position, u32 [B, T]; a value that is not a token has loss 0. */
  readonly targets: Tensor;
  /** Random numbers for dropout, in training programs only; default: no dropout. */
  readonly training?: Randomness;
  /** Activations to recompute; default "none". Losses and gradients do not depend on it. */
  readonly recompute?: Recompute;
  /** Documents that share a sequence; default: each sequence is one document. */
  readonly segments?: Segments | undefined;
  /** Divisor of the logits; default 1. */
  readonly temperature?: number | undefined;
  /** Largest size in bytes of the logits that exist at a time; default: that of `linearCrossEntropy`. */
  readonly blockBytes?: number | undefined;
}

/**
 * Names of a model's tables: published weights may have more rows of them, or fewer, than the model.
 */
export interface TableNames {
  /** Embedding of the tokens, [Vp, C]. */
  readonly embedding: string;
  /** Output head, [Vp, C]; a model that shares it with the embedding has no such tensor. */
  readonly head: string;
  /** Embedding of the positions, [T, C], if there is one. */
  readonly positions?: string;
  /** Other tables with a row for each token, such as the embeddings of values. */
  readonly others?: readonly string[];
}

/** A language model. */
export interface Model<Config = unknown> {
  /** Name of the architecture: "gpt". */
  readonly name: string;
  /** Sizes and options as plain data, which a checkpoint stores. */
  readonly config: Config;
  /** Number of tokens in the vocabulary; every token id is smaller. */
  readonly vocabSize: number;
  /** Number of columns of the logits, Vp: `vocabSize` plus padding. */
  readonly paddedVocabSize: number;
  /** Longest sequence in tokens. */
  readonly seqLen: number;
  /** Names of the tensors whose rows belong to tokens or positions; default: there are none. */
  readonly tables?: TableNames;
  /**
   * Returns the values of inputs that its graphs read and that never change, such as tables of angles, by
   * label. They are no parameters: they are neither trained nor saved. Default: there are none.
   */
  constants?(): TensorMap;
  /**
   * Computes logits: tokens u32 [B, T] → [B, T, Vp], for any T from 1 to `seqLen`. The parameters must not
   * depend on B or T.
   */
  forward(scope: Scope, tokens: Tensor, options?: ForwardOptions): Tensor;
  /** Computes the cross entropy of each position, [B, T]; 0 if the target is not a token. */
  losses(scope: Scope, inputs: LossInputs): Tensor;
}

/**
 * A model that can be trained on examples: a language model, or a net that predicts one token from a context
 * of fixed length and has logits [B, V] and one loss per example.
 */
export interface TrainableModel extends Pick<Model, "name" | "vocabSize" | "forward" | "losses"> {
  /** Number of tokens in an example, if it is fixed. */
  readonly context?: number;
}

/** Returns the parameters of a model by name, in the order in which the model creates them. */
export function parametersOf(model: TrainableModel): ReadonlyMap<string, Parameter> {
  return scopeOf(model).parameters;
}

/** Returns the number of trainable elements of a model, including the padding of the vocabulary. */
export function countParameters(model: TrainableModel): number {
  return parameterCount(parametersOf(model));
}

/**
 * Returns the initial values of all parameters and buffers. The values of a tensor depend only on the seed
 * and the tensor's name, not on the order of creation. `only` returns whether a name is among those wanted;
 * default: all are.
 *
 * @example
 * ```ts
 * import { gpt, initialWeights } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * console.log(initialWeights(model, 1)["wpe.weight"].shape); // [ 8, 16 ]
 * ```
 */
export function initialWeights(
  model: TrainableModel,
  seed: number,
  { only = () => true }: { readonly only?: (name: string) => boolean } = {},
): TensorMap {
  const uniform = (name: string, index: number) => uniformAt(seed, name, index);
  return drawWeights(model, (init, { name, count }) => normals(seed, name, count, init.std), {
    uniform,
    only,
  });
}

/**
 * Returns the initial values of all parameters and buffers, by name. `draw` returns normal random numbers and
 * is called in the order in which the model creates its parameters, so that a random generator gives the same
 * numbers as in a notebook that creates them in this order. `uniform` returns the numbers from 0 to 1 of the
 * parameters with a uniform distribution; by default they are those of seed 1. `only` returns whether a name
 * is among those wanted; default: all are.
 */
export function drawWeights(
  model: TrainableModel,
  draw: (
    init: Extract<Init, { readonly kind: "normal" }>,
    parameter: { readonly name: string; readonly count: number; readonly shape: Shape },
  ) => Float32Array,
  { uniform = (name, index) => uniformAt(1, name, index), only = () => true }: {
    readonly uniform?: (name: string, index: number) => number;
    readonly only?: (name: string) => boolean;
  } = {},
): TensorMap {
  const { parameters, buffers } = scopeOf(model), weights: [string, TensorMap[string]][] = [];
  for (const [name, { tensor: { shape }, init }] of [...parameters, ...buffers]) {
    if (!only(name)) continue;
    const count = sizeOf(shape);
    const data = init.kind === "normal" ? draw(init, { name, count, shape }) : new Float32Array(count);
    if (init.kind === "uniform") {
      const { bound, least } = init;
      data.forEach((_, i) => {
        const x = uniform(name, i);
        data[i] = least === undefined ? bound * (2 * x - 1) : least + (bound - least) * x;
      });
    }
    if (init.kind === "values") data.set(init.values);
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
