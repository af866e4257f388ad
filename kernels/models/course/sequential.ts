/**
 * Nets as a list of layers, as the lectures stack them: each layer a function over a scope, its weights named by its place
 * in the list, `layers.2.weight`. From a context of tokens they predict the next one.
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

/** What layers behave by. */
export interface LayerMode {
  /** Whether batches are normalized by themselves, and move running statistics; else these are used. */
  readonly training: boolean;
}

/** x → y; weights are made on the scope. */
export type SequentialLayer = (scope: Scope, x: Tensor, now: LayerMode) => Tensor;

/** What a sequence is made of. */
export interface SequentialOptions {
  /** For people and checkpoints. */
  readonly name: string;
  /** Tokens of an example. */
  readonly context: number;
  /** Classes: the last size of what the last layer gives. */
  readonly vocabSize: number;
  /** The first gets tokens u32 [B, context]; the last gives logits [B, V]. */
  readonly layers: readonly SequentialLayer[];
}

/**
 * A net of layers, one after the other. What layer i gives is the probe `layers.i`.
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
    const now = { training: training !== undefined };
    return layers.reduce(
      (x, layer, i) => scope.probe(`layers.${i}`, layer(scope.at(`layers.${i}`), x, now)),
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

/** Rows of a table, normal with `std` 1: tokens u32 [B, T] → [B, T, channels]. */
export function embedding(
  vocabSize: number,
  channels: number,
  { std = 1 }: { readonly std?: number } = {},
): SequentialLayer {
  return (scope, tokens) =>
    gather(scope.param("weight", [vocabSize, channels], { kind: "normal", std }), tokens);
}

/** tokens u32 [B, T] → rows of 0 and 1 [B, T, classes]. */
export function oneHotLayer(classes: number): SequentialLayer {
  return (_scope, tokens) => oneHot(tokens, { classes });
}

/**
 * Neighbours in time side by side, `by` of them (default: all): [B, T, C] → [B, T / by, by · C], without the axis T / by
 * where that is 1. Throws ShapeError where `by` does not divide T.
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

/** How a dense layer begins. */
export interface DenseOptions {
  /** Standard deviation of the weights; default gain / sqrt(inputs). */
  readonly std?: number;
  /** Default 1. */
  readonly gain?: number;
  /** Default true: zeros; a number: normal with that standard deviation, which may be 0 and still is drawn. */
  readonly bias?: boolean | number;
}

/** x · weight + bias: [..., in] → [..., outputs]. Weight [in, outputs]. */
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

/** A function of every element: `activation(tanh)`. */
export function activation(of: (x: Tensor) => Tensor): SequentialLayer {
  return (_scope, x) => of(x);
}
