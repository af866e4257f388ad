/**
 * Nets as lists of layers, as in the lectures. They predict the next token from a context. Each layer is a
 * function on a scope, and its index in the list names its weights: `layers.2.weight`.
 *
 * @module
 */
import type { Scope } from "../../core/scope.ts";
import { ShapeError } from "../../core/tensor.ts";
import type { Tensor } from "../../core/graph.ts";
import { reshape } from "../../core/view.ts";
import { affine } from "../../ops/matmul/affine.ts";
import { crossEntropy } from "../../ops/loss/cross_entropy.ts";
import { gather } from "../../ops/indexing/gather.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import { oneHot } from "../../ops/indexing/token_windows.ts";
import type { TrainableModel } from "../model.ts";

/** Whether layers run for training. */
export interface LayerMode {
  /** True: batch norm uses and tracks the statistics of the batch. False: it uses its running statistics. */
  readonly training: boolean;
}

/** A layer: a function `x → y` that creates its weights on the scope. */
export type SequentialLayer = (scope: Scope, x: Tensor, mode: LayerMode) => Tensor;

/** The layers of a net, and its sizes. */
export interface SequentialOptions {
  /** Name of the net, for error messages and checkpoints. */
  readonly name: string;
  /** Number of tokens in a context. */
  readonly context: number;
  /** Number of tokens: the size of the last axis of the logits. */
  readonly vocabSize: number;
  /** Layers in order: the first gets tokens u32 [B, context], the last returns logits [B, V]. */
  readonly layers: readonly SequentialLayer[];
}

/**
 * Makes a net of layers applied one after another. The output of layer `i` is the probe `layers.i`.
 *
 * @example
 * ```ts
 * import { countParameters } from "../model.ts";
 * import { tanh } from "../../ops/elementwise/tanh.ts";
 * import { activation, dense, embedding, flatten, sequential } from "./sequential.ts";
 * const net = sequential({
 *   name: "mlp", context: 3, vocabSize: 27,
 *   layers: [embedding(27, 10), flatten(), dense(200), activation(tanh), dense(27)],
 * });
 * console.assert(countParameters(net) === 11897);
 * ```
 */
export function sequential({ name, context, vocabSize, layers }: SequentialOptions): TrainableModel & {
  readonly context: number;
} {
  const forward: TrainableModel["forward"] = (scope, tokens, { training } = {}) => {
    if (tokens.shape.length !== 2 || tokens.shape[1] !== context) {
      throw new ShapeError(`Cannot run ${name} on tokens [${tokens.shape}]: wanted [examples, ${context}]`);
    }
    const mode = { training: training !== undefined };
    return layers.reduce(
      (x, layer, i) => scope.probe(`layers.${i}`, layer(scope.at(`layers.${i}`), x, mode)),
      tokens,
    );
  };
  return {
    name,
    context,
    vocabSize,
    forward,
    losses: (scope, { tokens, targets, training }) => {
      return crossEntropy(forward(scope, tokens, training && { training }), targets, { valid: vocabSize });
    },
  };
}

/**
 * Returns an embedding layer: tokens u32 [B, T] → [B, T, channels]. Its weights are initially normal with
 * standard deviation `std` (default 1).
 */
export function embedding(
  vocabSize: number,
  channels: number,
  { std = 1 }: { readonly std?: number } = {},
): SequentialLayer {
  return (scope, tokens) =>
    gather(scope.param("weight", [vocabSize, channels], { kind: "normal", std }), tokens);
}

/** Returns a layer of one-hot encoding: tokens u32 [B, T] → [B, T, classes]. */
export function oneHotLayer(classes: number): SequentialLayer {
  return (_scope, tokens) => oneHot(tokens, { classes });
}

/**
 * Joins groups of `by` consecutive positions (default: all): [B, T, C] → [B, T / by, by · C], or [B, T · C]
 * if there is only one group. Throws ShapeError if `by` does not divide T.
 */
export function flatten(by?: number): SequentialLayer {
  return (_scope, x) => {
    const [batch, time, channels] = x.shape, n = by ?? time;
    if (x.shape.length !== 3 || time % n !== 0) {
      throw new ShapeError(
        `Cannot flatten [${x.shape}] by ${n}: wanted [batch, a multiple of ${n}, channels]`,
      );
    }
    return reshape(x, time === n ? [batch, n * channels] : [batch, time / n, n * channels]);
  };
}

/** Initial values of a dense layer. */
export interface DenseOptions {
  /** Standard deviation of the weights; default `gain / sqrt(inputs)`. */
  readonly std?: number;
  /** Factor that multiplies the weights' standard deviation; default 1. */
  readonly gain?: number;
  /**
   * True (default): the bias starts at 0. False: there is no bias. A number: the bias is initially normal
   * with this standard deviation, and random numbers are drawn for it even if the standard deviation is 0.
   */
  readonly bias?: boolean | number;
}

/** Returns a dense layer, `x · weight + bias`: [..., in] → [..., outputs]; the weight is [in, outputs]. */
export function dense(outputs: number, { std, gain = 1, bias = true }: DenseOptions = {}): SequentialLayer {
  return (scope, x) => {
    const inputs = x.shape[x.shape.length - 1];
    const init = { kind: "normal", std: std ?? gain / Math.sqrt(inputs) } as const;
    const weight = scope.param("weight", [inputs, outputs], init);
    if (bias === false) return matmul(x, weight);
    const shift = bias === true ? { kind: "zeros" } as const : { kind: "normal", std: bias } as const;
    return affine(x, { weight, bias: scope.param("bias", [outputs], shift) });
  };
}

/** Returns a layer that applies a function to every element: `activation(tanh)`. */
export function activation(of: (x: Tensor) => Tensor): SequentialLayer {
  return (_scope, x) => of(x);
}
