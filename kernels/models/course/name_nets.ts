/**
 * The neural nets of the makemore lectures, from a bigram model to WaveNet, as lists of layers.
 * Source: Karpathy, "Neural Networks: Zero to Hero", parts 2 to 6; Bengio et al. 2003; van den Oord et al.
 * 2016.
 *
 * @module
 */
import { tanh } from "../../ops/elementwise/tanh.ts";
import { batchNormLayer, type BatchNormOptions } from "./batch_norm_layer.ts";
import {
  activation,
  dense,
  type DenseOptions,
  embedding,
  flatten,
  oneHotLayer,
  sequential,
  type SequentialLayer,
} from "./sequential.ts";

/** Number of tokens in the names data: the letters a to z, and the dot that starts and ends a name. */
const symbols = 27;

/** A net that predicts one token from a context of fixed length. */
export type ContextNet = ReturnType<typeof sequential>;

/**
 * Returns a bigram model as a net: a one-hot row times a matrix [V, V], which is initially normal with
 * standard deviation 1. It has 729 parameters.
 */
export function bigramNet({ vocabSize = symbols }: { readonly vocabSize?: number } = {}): ContextNet {
  const layers = [oneHotLayer(vocabSize), flatten(), dense(vocabSize, { std: 1, bias: false })];
  return sequential({ name: "bigram", context: 1, vocabSize, layers });
}

/** Sizes and initial values of the two-layer net. */
export interface MlpOptions {
  /** Number of tokens in the vocabulary; default 27. */
  readonly vocabSize?: number;
  /** Number of tokens in a context; default 3. */
  readonly context?: number;
  /** Size of an embedding; default 10. */
  readonly channels?: number;
  /** Number of tanh units; default 200. */
  readonly hidden?: number;
  /** Initial values of the hidden layer; default: weights and biases are normal with standard deviation 1. */
  readonly first?: DenseOptions;
  /** Initial values of the last layer; default: weights and biases are normal with standard deviation 1. */
  readonly last?: DenseOptions;
  /** Batch norm before tanh; default none. */
  readonly norm?: BatchNormOptions;
}

/**
 * Returns Bengio's net: embeddings side by side, a tanh layer and a layer of logits. It has 11,897 parameters
 * with the default sizes.
 */
export function mlp(options: MlpOptions = {}): ContextNet {
  const { vocabSize = symbols, context = 3, channels = 10, hidden = 200, norm } = options;
  const { first = { std: 1, bias: 1 }, last = { std: 1, bias: 1 } } = options;
  const layers = [
    embedding(vocabSize, channels),
    flatten(),
    dense(hidden, first),
    ...(norm === undefined ? [] : [batchNormLayer(norm)]),
    activation(tanh),
    dense(vocabSize, last),
  ];
  return sequential({ name: "mlp", context, vocabSize, layers });
}

/**
 * Returns net A of part 3: a hidden layer with Kaiming initialization for tanh and no bias, small initial
 * logits, and batch norm whose running statistics have momentum 0.001 and include the standard deviation
 * (divisor `n - 1`) instead of the variance. It has 12,097 parameters with the default sizes.
 */
export function mlpWithNorm(options: Omit<MlpOptions, "first" | "last" | "norm"> = {}): ContextNet {
  return mlp({
    ...options,
    first: { gain: 5 / 3, bias: false },
    last: { std: 0.01, bias: 0 },
    norm: { momentum: 0.001, eps: 0, spread: "std" },
  });
}

/** Sizes of the deep net. */
export interface DeepMlpOptions extends Pick<MlpOptions, "vocabSize" | "context" | "channels"> {
  /** Number of tanh units per layer; default 100. */
  readonly hidden?: number;
  /** Number of tanh layers; default 5. */
  readonly depth?: number;
  /**
   * Gain of the initial weights: their standard deviation is `gain / √inputs`, except in the last layer;
   * default 1.
   */
  readonly gain?: number;
  /** Whether batch norm follows every dense layer, which then has no bias; default true. */
  readonly norm?: boolean;
}

/**
 * Returns net B of part 3: six dense layers, each followed by batch norm, with tanh between them. The last
 * batch norm has an initial gain of 0.1. The net has 47,024 parameters with the default sizes.
 */
export function deepMlp(options: DeepMlpOptions = {}): ContextNet {
  const { vocabSize = symbols, context = 3, channels = 10, hidden = 100, depth = 5, gain = 1, norm = true } =
    options;
  const normed = (
    outputs: number,
    start: DenseOptions,
    options: BatchNormOptions = {},
  ): readonly SequentialLayer[] => {
    return norm
      ? [dense(outputs, { ...start, bias: false }), batchNormLayer(options)]
      : [dense(outputs, start)];
  };
  const layers = [
    embedding(vocabSize, channels),
    flatten(),
    ...Array.from({ length: depth }, () => [...normed(hidden, { gain }), activation(tanh)]).flat(),
    ...normed(vocabSize, norm ? {} : { gain: 0.1 }, { gain: 0.1 }),
  ];
  return sequential({ name: "deep-mlp", context, vocabSize, layers });
}

/** Sizes of the WaveNet. */
export interface WavenetOptions extends Pick<MlpOptions, "vocabSize" | "channels"> {
  /** Number of tanh units per layer; default 128. */
  readonly hidden?: number;
  /**
   * Number of layers that join pairs of consecutive positions, so that the context has `2^depth` tokens;
   * default 3.
   */
  readonly depth?: number;
  /**
   * Whether batch norm treats each position separately, which is the bug shown in the lecture; default false.
   */
  readonly perPosition?: boolean;
}

/**
 * Returns a WaveNet, in which each layer joins pairs of consecutive positions. It has 76,579 parameters with
 * the default sizes.
 */
export function wavenet(options: WavenetOptions = {}): ContextNet {
  const { vocabSize = symbols, channels = 24, hidden = 128, depth = 3, perPosition = false } = options;
  const layers = [
    embedding(vocabSize, channels),
    ...Array.from({ length: depth }, () => {
      return [flatten(2), dense(hidden, { bias: false }), batchNormLayer({ perPosition }), activation(tanh)];
    }).flat(),
    dense(vocabSize, { gain: 0.1 }),
  ];
  return sequential({ name: "wavenet", context: 2 ** depth, vocabSize, layers });
}
