/**
 * The nets of the makemore lectures, from a bigram to WaveNet, as lists of layers.
 * Source: Karpathy, "Neural Networks: Zero to Hero", parts 2 to 6; Bengio et al. 2003; van den Oord et al. 2016.
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

/** Symbols of the first names: a to z, and the dot at both ends. */
const symbols = 27;

/** A net that predicts one token from a context. */
export type ContextNet = ReturnType<typeof sequential>;

/** A bigram as a net: a row of 0 and 1 times one matrix [V, V], normal with std 1; 729 parameters. */
export function bigramNet({ vocabSize = symbols }: { readonly vocabSize?: number } = {}): ContextNet {
  const layers = [oneHotLayer(vocabSize), flatten(), dense(vocabSize, { std: 1, bias: false })];
  return sequential({ name: "bigram", context: 1, vocabSize, layers });
}

/** Sizes and beginnings of the two-layer net. */
export interface MlpOptions {
  /** Default 27. */
  readonly vocabSize?: number;
  /** Default 3. */
  readonly context?: number;
  /** Of an embedding; default 10. */
  readonly channels?: number;
  /** Tanh units; default 200. */
  readonly hidden?: number;
  /** How the hidden layer begins; default weights and biases of std 1. */
  readonly first?: DenseOptions;
  /** How the last layer begins; default weights and biases of std 1. */
  readonly last?: DenseOptions;
  /** Normalizes before tanh; default not. */
  readonly norm?: BatchNormOptions;
}

/** Bengio's net: embeddings side by side, tanh, logits; 11,897 parameters, see `mlpWithNorm`. */
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
 * Part 3's net A: hidden weights by Kaiming for tanh and without a bias, logits small, batches normalized by their
 * standard deviation with divisor n - 1, which runs along by 0.001. 12,097 parameters.
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
  /** Tanh units a layer; default 100. */
  readonly hidden?: number;
  /** Tanh layers; default 5. */
  readonly depth?: number;
  /** Weights' standard deviation is this over the root of a layer's inputs, but for the last; default 1. */
  readonly gain?: number;
  /** Whether batches are normalized after every dense layer, which then has no bias; default true. */
  readonly norm?: boolean;
}

/** Part 3's net B: six dense layers, each normalized, tanh between them, the last gain 0.1; 47,024 parameters. */
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
  /** Tanh units a layer; default 128. */
  readonly hidden?: number;
  /** Layers, each of which joins two neighbours: the context is 2 to this power; default 3. */
  readonly depth?: number;
  /** Normalizes each position by itself, the lecture's fault; default false. */
  readonly perPosition?: boolean;
}

/** Neighbours joined by twos, layer by layer; default context 8, 24 channels: 76,579 parameters. */
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
