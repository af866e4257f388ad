/**
 * The transformer of "Let's build GPT" at every station of the lecture: what each adds can be left out.
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

/** Sizes, and which parts there are. */
export interface CharGptConfig {
  /** Tokens. */
  readonly vocabSize: number;
  /** The longest sequence. */
  readonly seqLen: number;
  /** Width. */
  readonly channels: number;
  /** Blocks; 0: the head sees the embeddings alone. */
  readonly layers: number;
  /** Heads of a block, each channels / heads wide. */
  readonly heads: number;
  /** A ReLU layer four times as wide after attention; default true. */
  readonly feedForward?: boolean;
  /** What a block makes is added to what it got, through a projection; default true. */
  readonly residual?: boolean;
  /** Layer norm before attention, before the feed-forward and at the end; default true. */
  readonly norm?: boolean;
  /** Scores over the root of a head's width; "channels": of all channels, as the lecture's notebook; default true. */
  readonly scaled?: boolean | "channels";
  /** ReLU, or its square (So et al. 2021, "Primer"); default relu. */
  readonly activation?: "relu" | "squared-relu";
  /** Whether the head's weight is the embedding, without a bias (Press and Wolf 2017); default false. */
  readonly tie?: boolean;
  /** Share dropped in training of attention's weights and of what a block adds; default 0. */
  readonly dropout?: number;
  /**
   * Standard deviation of first weights, biases then 0: gpt.py's 0.02. Default null: as torch begins, normal numbers of the
   * variance of its uniform ones: 1 for embeddings, 1 / (3 inputs) for the weights and biases of a layer.
   */
  readonly std?: number | null;
}

/** Whether dropping goes on, and where. */
type ApplyDropout = (x: Tensor, place: Scope) => Tensor;

interface BlockOptions extends Required<CharGptConfig> {
  readonly training: Randomness | undefined;
  readonly drop: ApplyDropout;
}

/**
 * A character model of the lecture, its head untied. Queries, keys and values have no biases; the feed-forward layer is
 * ReLU. Without `residual` attention's result takes the place of x. The station "bigram" is `makemore("bigram", …)`.
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

/** Causal attention of all heads, side by side. */
function heads(attn: Scope, x: Tensor, options: BlockOptions): Tensor {
  const { channels, heads, scaled, dropout: rate, training, std } = options, c_attn = attn.at("c_attn");
  let qkv = matmul(x, c_attn.param("weight", [channels, 3 * channels], firstWeights(channels, std)));
  if (scaled !== true) { // the op divides scores by the root of a head's width
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
  const inputs = x.shape[x.shape.length - 1], init = firstWeights(inputs, std);
  const weight = scope.param("weight", [inputs, outputs], init);
  return affine(x, { weight, bias: scope.param("bias", [outputs], std === null ? init : { kind: "zeros" }) });
}

function firstWeights(inputs: number, std: number | null): Init {
  return { kind: "normal", std: std ?? 1 / Math.sqrt(3 * inputs) };
}
