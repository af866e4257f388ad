/**
 * The transformer of "Let's build GPT" at every stage of the lecture: each part that the lecture adds is an
 * option.
 * Source: Karpathy, ng-video-lecture; Vaswani et al. 2017.
 *
 * @module
 */
import type { Init, Scope } from "../../core/scope.ts";
import { ShapeError } from "../../core/tensor.ts";
import type { Tensor } from "../../core/graph.ts";
import { affine } from "../../ops/matmul/affine.ts";
import { add, mul } from "../../ops/elementwise/arith.ts";
import { attention } from "../../ops/attention/attention.ts";
import { concat, narrow } from "../../ops/indexing/concat.ts";
import { crossEntropy } from "../../ops/loss/cross_entropy.ts";
import { dropout } from "../../ops/dropout/dropout.ts";
import { gather } from "../../ops/indexing/gather.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import { relu } from "../../ops/elementwise/relu.ts";
import { scale } from "../../ops/elementwise/scale.ts";
import { slice } from "../../ops/indexing/slice.ts";
import { norm } from "../layers.ts";
import type { Model, Randomness } from "../model.ts";

/** Sizes and parts of the model. */
export interface CharGptConfig {
  /** Number of tokens in the vocabulary. */
  readonly vocabSize: number;
  /** Longest sequence in tokens. */
  readonly seqLen: number;
  /** Width of the residual stream. */
  readonly channels: number;
  /** Number of blocks; with 0 blocks, the output head gets the embeddings. */
  readonly layers: number;
  /** Number of attention heads per block; the width of each is `channels / heads`. */
  readonly heads: number;
  /** Whether a block has a ReLU layer, four times as wide, after attention; default true. */
  readonly feedForward?: boolean;
  /**
   * Whether attention and the feed-forward layer each project their output and add it to their input; default
   * true.
   */
  readonly residual?: boolean;
  /**
   * Whether there is layer norm before attention, before the feed-forward layer and at the end; default true.
   */
  readonly norm?: boolean;
  /**
   * Whether attention scores are divided by the square root of a head's width; "channels" divides by the
   * square root of `channels` instead, as in the lecture's notebook. Default true.
   */
  readonly scaled?: boolean | "channels";
  /** Activation: ReLU, or its square (So et al. 2021, "Primer"); default relu. */
  readonly activation?: "relu" | "squared-relu";
  /**
   * Whether the output head uses the embedding as weight, without a bias (Press and Wolf 2017); default
   * false.
   */
  readonly tie?: boolean;
  /** Dropout probability in training for attention weights and the outputs of a block; default 0. */
  readonly dropout?: number;
  /**
   * Standard deviation of initial weights, with all biases initially 0; gpt.py uses 0.02. If null (default),
   * variances are those of torch's modules: 1 for embeddings and `1 / (3 · inputs)` for the weights and
   * biases of a layer.
   */
  readonly std?: number | null;
}

/** Applies dropout with the random key of a place in the model; outside of training it returns its input. */
type ApplyDropout = (x: Tensor, place: Scope) => Tensor;

interface BlockOptions extends Required<CharGptConfig> {
  readonly training: Randomness | undefined;
  readonly drop: ApplyDropout;
}

/**
 * Returns one of the lecture's character models. Queries, keys and values have no biases. Without `residual`
 * the output of attention replaces `x`. The lecture's bigram model is `makemore("bigram", …)`.
 */
export function charGpt(config: CharGptConfig): Model<CharGptConfig> {
  const all: Required<CharGptConfig> = {
    feedForward: true,
    residual: true,
    norm: true,
    scaled: true,
    activation: "relu",
    tie: false,
    dropout: 0,
    std: null,
    ...config,
  };
  const { vocabSize, seqLen } = config;
  return {
    name: "char-gpt",
    config,
    vocabSize,
    paddedVocabSize: vocabSize,
    seqLen,
    forward: (scope, tokens, { rows, training } = {}) => {
      const logits = logitsOf(scope, tokens, { ...all, training });
      return rows === undefined ? logits : gather(logits, rows);
    },
    losses: (scope, { tokens, targets, training }) => {
      return crossEntropy(logitsOf(scope, tokens, { ...all, training }), targets);
    },
  };
}

function logitsOf(
  scope: Scope,
  tokens: Tensor,
  options: Omit<BlockOptions, "drop">,
): Tensor {
  const { vocabSize, seqLen, channels, layers, std, training, dropout: rate } = options,
    [, time] = tokens.shape;
  if (tokens.shape.length !== 2 || time > seqLen) {
    throw new ShapeError(`Cannot run the model on tokens [${tokens.shape}]: wanted [batch, up to ${seqLen}]`);
  }
  const drop: ApplyDropout = (x, { path }) => {
    return training === undefined || rate === 0
      ? x
      : dropout(x, { rate, key: training.key(path), draw: training.draw });
  };
  const table = (name: string, rows: number) => {
    return scope.at(name).param("weight", [rows, channels], { kind: "normal", std: std ?? 1 });
  };
  const wte = table("wte", vocabSize);
  let x = add(
    gather(wte, tokens),
    slice(table("wpe", seqLen), { start: 0, length: time }),
  );
  for (let i = 0; i < layers; i++) {
    x = scope.probe(`h.${i}`, block(scope.at(`h.${i}`), x, { ...options, drop }));
  }
  if (options.norm) x = norm(scope.at("ln_f"), x);
  if (options.tie) return matmul(x, wte, { transposeB: true });
  return linear(scope.at("lm_head"), x, { outputs: vocabSize, std });
}

function block(scope: Scope, x: Tensor, options: BlockOptions): Tensor {
  const { channels, std, residual, drop } = options;
  const project = (place: Scope, y: Tensor) => {
    return residual ? drop(linear(place, y, { outputs: channels, std }), place) : y;
  };
  const join = (x: Tensor, y: Tensor) => residual ? add(x, y) : y;
  const before = (name: string, x: Tensor) => options.norm ? norm(scope.at(name), x) : x;

  const attn = scope.at("attn");
  x = join(x, project(attn.at("c_proj"), heads(attn, before("ln_1", x), options)));
  if (!options.feedForward) return x;
  const mlp = scope.at("mlp"), wide = residual ? 4 * channels : channels;
  const y = relu(linear(mlp.at("c_fc"), before("ln_2", x), { outputs: wide, std }));
  return join(x, project(mlp.at("c_proj"), options.activation === "relu" ? y : mul(y, y)));
}

/** Computes causal attention for all heads and puts their outputs side by side. */
function heads(attn: Scope, x: Tensor, options: BlockOptions): Tensor {
  const { channels, heads, scaled, dropout: rate, training, std } = options, c_attn = attn.at("c_attn");
  let qkv = matmul(x, c_attn.param("weight", [channels, 3 * channels], initialWeight(channels, std)));
  // Scales the queries instead of the scores, which the op always divides by the square root of a head's
  // width.
  if (scaled !== true) {
    const q = narrow(qkv, { axis: -1, start: 0, length: channels });
    const kv = narrow(qkv, { axis: -1, start: channels, length: 2 * channels });
    qkv = concat([scale(q, scaled === false ? Math.sqrt(channels / heads) : 1 / Math.sqrt(heads)), kv]);
  }
  if (training === undefined || rate === 0) return attention(qkv, { heads });
  const key = training.key(attn.at("attn_dropout").path);
  return attention(qkv, { heads, dropout: { rate, key, draw: training.draw } });
}

function linear(
  scope: Scope,
  x: Tensor,
  { outputs, std }: { readonly outputs: number; readonly std: number | null },
): Tensor {
  const inputs = x.shape[x.shape.length - 1], init = initialWeight(inputs, std);
  const weight = scope.param("weight", [inputs, outputs], init);
  return affine(x, { weight, bias: scope.param("bias", [outputs], std === null ? init : { kind: "zeros" }) });
}

function initialWeight(inputs: number, std: number | null): Init {
  return { kind: "normal", std: std ?? 1 / Math.sqrt(3 * inputs) };
}
