/**
 * nanochat's model: a GPT without biases and gains, with rotary positions, grouped queries that are
 * normalized, ReLU², windows, embeddings of values, scalars per block, a share of the token before in the
 * embedding ("smear"), and the middle block's output taken away before the head ("backout"). Source:
 * karpathy/nanochat 92d63d4, gpt.py; weight names (without "transformer.") and shapes ([out, in]) as there.
 *
 * @module
 */
import type { Tensor } from "../core/graph.ts";
import { recompute } from "../core/recompute.ts";
import type { Init, Scope } from "../core/scope.ts";
import { ShapeError, type TensorMap } from "../core/tensor.ts";
import { reshape } from "../core/view.ts";
import { attention } from "../ops/attention/attention.ts";
import { cacheAttention } from "../ops/attention/attention_cache.ts";
import { rope } from "../ops/attention/rope.ts";
import { add, mul, sub } from "../ops/elementwise/arith.ts";
import { sigmoid } from "../ops/elementwise/exp_log.ts";
import { reluSquared } from "../ops/elementwise/relu_squared.ts";
import { scale } from "../ops/elementwise/scale.ts";
import { tanh } from "../ops/elementwise/tanh.ts";
import { fill } from "../core/gradient_ops.ts";
import { concat, narrow } from "../ops/indexing/concat.ts";
import { gather } from "../ops/indexing/gather.ts";
import { slice } from "../ops/indexing/slice.ts";
import { crossEntropy } from "../ops/loss/cross_entropy.ts";
import { matmul } from "../ops/matmul/matmul.ts";
import { rmsNorm } from "../ops/norm/rms_norm.ts";
import { broadcast } from "../ops/reduce/reduce.ts";
import { scaledBy } from "./layers.ts";
import { adapted } from "./lora.ts";
import type { KvCache, Model, Recompute, Segments } from "./model.ts";
import { withDefaults } from "./model_options.ts";
import {
  type FullNanochatConfig,
  hasValueEmbedding,
  type NanochatConfig,
  nanochatFault,
  nanochatOptions,
  nanochatWindows,
  SMEAR_CHANNELS,
} from "./nanochat_options.ts";
import { ropeTable } from "./rope_table.ts";

const EPSILON = 2 ** -23; // PyTorch's for float32, which its rms_norm takes
const ROPE_BASE = 100_000;
const LOGIT_CAP = 15;
const SHARPNESS = 1.2; // factor of normalized queries, and of normalized keys
const VALUE_CHANNELS = 12; // channels that the gates of value embeddings read
const VALUE_GATE = 3; // largest factor of value embeddings

/** Labels of constants: angles, ones that stand for gains, and 0 for a first position. */
const constants = {
  angles: "rope.table",
  gains: "norm.ones",
  headGains: "norm.head_ones",
  hasBefore: "smear.has_before",
} as const;

/** What the parts of one forward pass share. */
interface Pass extends FullNanochatConfig {
  readonly width: number;
  readonly paddedVocabSize: number;
  readonly tokens: Tensor;
  readonly cache?: KvCache | undefined;
  readonly segments?: Segments | undefined;
}

/**
 * nanochat's model. Throws RangeError for an option out of range. `forward` and `losses` throw ShapeError for
 * sequences longer than `seqLen`.
 *
 * @example
 * ```ts
 * import { nanochat, plan } from "@stagewise/gpt";
 *
 * const sizes = { layers: 12, heads: 6, keyHeads: 6, channels: 768, seqLen: 2048, vocabSize: 32768 };
 * const model = nanochat({ ...sizes, windowPattern: "SSSL" });
 * console.log(plan({ model }).parameterCount); // 286261730
 * ```
 */
export function nanochat(config: NanochatConfig): Model<NanochatConfig> {
  const fault = nanochatFault(config);
  if (fault !== null) throw new RangeError(`Cannot build nanochat's model: ${fault}`);
  const full = withDefaults(nanochatOptions, config), { vocabSize, vocabPad, seqLen, channels, heads } = full;
  const paddedVocabSize = Math.ceil(vocabSize / vocabPad) * vocabPad, width = channels / heads;
  const logits = (scope: Scope, x: Tensor): Tensor => {
    const init: Init = { kind: "normal", std: 0.001 };
    const head = scope.at("lm_head").param("weight", [paddedVocabSize, channels], init);
    return scale(tanh(scale(matmul(x, head, { transposeB: true }), 1 / LOGIT_CAP)), LOGIT_CAP);
  };
  return {
    name: "nanochat",
    config,
    vocabSize,
    paddedVocabSize,
    seqLen,
    tables: {
      embedding: "wte.weight",
      head: "lm_head.weight",
      others: Array.from({ length: full.layers }, (_, i) => i)
        .filter((i) => hasValueEmbedding(i, full.layers)).map((i) => `value_embeds.${i}.weight`),
    },
    constants: () => constantsOf({ ...full, width }),
    forward: (scope, tokens, { rows, cache } = {}) => {
      const x = trunk(scope, { ...full, width, paddedVocabSize, tokens, cache }, "none");
      return logits(scope, rows === undefined ? x : gather(x, rows));
    },
    losses: (scope, { tokens, targets, segments, recompute = "none", temperature = 1 }) => {
      const x = trunk(scope, { ...full, width, paddedVocabSize, tokens, segments }, recompute);
      return crossEntropy(scaledBy(logits(scope, x), 1 / temperature), targets, { valid: vocabSize });
    },
  };
}

/** Returns the values of the constants. */
function constantsOf(
  { width, seqLen, channels }: FullNanochatConfig & { readonly width: number },
): TensorMap {
  const angles = ropeTable({ width, positions: seqLen, base: ROPE_BASE, scaling: { kind: "none" } });
  // nanochat rotates by the negative angle.
  const negative = angles.data.map((x: number, i: number) => i % width < width / 2 ? x : -x);
  const ones = (...shape: number[]) => ({
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b)).fill(1),
  });
  const hasBefore = ones(seqLen, 1);
  hasBefore.data[0] = 0;
  return {
    [constants.angles]: { shape: [seqLen, width], data: negative },
    [constants.gains]: ones(channels),
    [constants.headGains]: ones(width),
    [constants.hasBefore]: hasBefore,
  };
}

function constant(scope: Scope, name: keyof typeof constants, shape: readonly number[]): Tensor {
  return scope.graph.leaf(constants[name], { shape, dtype: "f32" }, "input");
}

/** Returns the output of all layers below the head, tokens [B, T] → [B, T, C]. */
function trunk(scope: Scope, pass: Pass, recomputed: Recompute): Tensor {
  const { tokens, layers, channels, seqLen, paddedVocabSize } = pass;
  const length = tokens.shape[tokens.shape.length - 1];
  if (tokens.shape.length !== 2 || length > seqLen) {
    throw new ShapeError(
      `Cannot run the model on tokens [${tokens.shape}]: wanted [batch, time] with time at most ${seqLen}, its sequence length`,
    );
  }
  const embedding = scope.at("wte").param("weight", [paddedVocabSize, channels], {
    kind: "normal",
    std: 0.8,
  });
  const start = scope.probe("embedding", smeared(scope, norm(scope, gather(embedding, tokens)), pass));
  const perBlock = (first: number, slope: number): Init => ({
    kind: "values",
    values: Array.from({ length: layers }, (_, i) => first - slope * i / Math.max(layers - 1, 1)),
  });
  const kept = scope.param("resid_lambdas", [layers], perBlock(1.15, 0.10));
  const again = scope.param("x0_lambdas", [layers], perBlock(0.20, 0.15));
  const entry = (list: Tensor, i: number) => narrow(list, { axis: 0, start: i, length: 1 });
  const windows = nanochatWindows(pass);
  let x = start, middle = start;
  for (let i = 0; i < layers; i++) {
    const values = valueEmbedding(scope, i, pass);
    const run = (x: Tensor) => block(scope.at(`h.${i}`), x, { ...pass, values, window: windows[i] });
    x = add(mul(x, entry(kept, i)), mul(start, entry(again, i)));
    x = scope.probe(`h.${i}`, recomputed === "block" ? recompute(x, run) : run(x));
    if (i === Math.floor(layers / 2)) middle = x;
  }
  const back = scope.param("backout_lambda", [1], { kind: "constant", value: 0.2 });
  return scope.probe("norm", norm(scope, sub(x, mul(middle, back))));
}

/** Adds a gated share of the embedding of the token before: `x` [B, T, C] → [B, T, C]. */
function smeared(scope: Scope, x: Tensor, pass: Pass): Tensor {
  const { channels } = pass, [batch, time] = x.shape;
  const some = narrow(x, { axis: -1, start: 0, length: SMEAR_CHANNELS });
  const gate = sigmoid(linear(scope.at("smear_gate"), some, { outputs: 1, init: gateInit }));
  const lambda = scope.param("smear_lambda", [1], { kind: "zeros" });
  const shares = mul(mul(gate, lambda), hasBefore(scope, pass, [batch, time, 1]));
  const repeated = broadcast(reshape(shares, [batch, time]), {
    shape: [batch, time, channels],
    from: 2,
    to: 3,
  });
  return add(x, mul(repeated, before(scope, x, pass)));
}

/** Returns 0 for the first position of a document and 1 for the others, of shape [B, T, 1] or [1, T, 1]. */
function hasBefore(scope: Scope, { cache, segments, seqLen }: Pass, shape: readonly number[]): Tensor {
  const table = constant(scope, "hasBefore", [seqLen, 1]), positions = (cache ?? segments)?.positions;
  if (positions !== undefined) return reshape(gather(table, positions), shape);
  // All sequences have the same positions.
  return reshape(shape[1] === seqLen ? table : slice(table, { start: 0, length: shape[1] }), [
    1,
    shape[1],
    1,
  ]);
}

/** Moves each text by one position: [B, T, C], with zeros first. */
function shifted(x: Tensor): Tensor {
  const [, time] = x.shape, first = fill(narrow(x, { axis: 1, start: 0, length: 1 }), 0);
  return time === 1
    ? first
    : concat([first, narrow(x, { axis: 1, start: 0, length: time - 1 })], { axis: 1 });
}

/**
 * Returns the embedding of the token before each token. It may be one that the cache holds: attention with
 * equal weights to two positions gives their mean, from which the embedding of the later one is subtracted.
 */
function before(scope: Scope, x: Tensor, { heads, cache }: Pass): Tensor {
  if (cache === undefined) return shifted(x);
  const { texts, firstRows, seqLen } = cache, [, , channels] = x.shape, none = fill(x, 0);
  const embeddings = scope.graph.leaf(
    "smear/cache",
    { shape: [texts, seqLen, 2 * channels], dtype: "f32" },
    "cache",
  );
  const mean = cacheAttention(concat([none, none, x]), { heads, window: 2, cache: embeddings, firstRows });
  return sub(scale(mean, 2), x);
}

/** Returns the value embeddings of a block's tokens [B, T, Hk·D]; null for a block without them. */
function valueEmbedding(scope: Scope, i: number, pass: Pass): Tensor | null {
  const { layers, keyHeads, width, channels, paddedVocabSize, tokens } = pass;
  if (!hasValueEmbedding(i, layers)) return null;
  const shape = [paddedVocabSize, keyHeads * width];
  return gather(scope.at(`value_embeds.${i}`).param("weight", shape, uniformInit(channels)), tokens);
}

/** What a block gets besides its input. */
interface BlockPass extends Pass {
  readonly values: Tensor | null;
  readonly window: number | null;
}

/** Computes a block: `x` [B, T, C] → [B, T, C]. */
function block(scope: Scope, x: Tensor, pass: BlockPass): Tensor {
  const { channels } = pass;
  x = add(x, attend(scope.at("attn"), norm(scope, x), pass));
  const mlp = scope.at("mlp"), init = uniformInit(channels, 0.4);
  const wide = linear(mlp.at("c_fc"), norm(scope, x), { outputs: 4 * channels, init });
  const act = mlp.probe("act", reluSquared(wide));
  return add(x, linear(mlp.at("c_proj"), act, { outputs: channels, init: { kind: "zeros" } }));
}

/** Computes causal attention: `x` [B, T, C], normalized, → [B, T, C]. */
function attend(scope: Scope, x: Tensor, pass: BlockPass): Tensor {
  const { heads, keyHeads, width, channels, values, window, cache, segments } = pass,
    init = uniformInit(channels);
  const project = (name: string, count: number) =>
    linear(scope.at(name), x, { outputs: count * width, init });
  const queries = project("c_q", heads), keys = project("c_k", keyHeads);
  const plain = project("c_v", keyHeads);
  const mixed = values === null ? plain : add(plain, mul(values, valueGate(scope, x, pass)));
  const rotated = rotate(scope, concat([queries, keys]), pass);
  const qkv = concat([normHeads(scope, rotated, pass), mixed]);
  const form = {
    heads,
    keyHeads,
    ...(window !== null && { window: window + 1 }), // the query's own position counts
    scale: SHARPNESS ** 2 / Math.sqrt(width),
  };
  let out: Tensor;
  if (cache === undefined) {
    out = scope.probe("mixed", attention(qkv, { ...form, firstKeys: segments?.firstKeys }));
  } else {
    const { texts, firstRows, seqLen } = cache, shape = [texts, seqLen, 2 * keyHeads * width];
    const keysAndValues = scope.graph.leaf(`${scope.path}/cache`, { shape, dtype: "f32" }, "cache");
    out = cacheAttention(qkv, { ...form, cache: keysAndValues, firstRows });
  }
  return linear(scope.at("c_proj"), out, { outputs: channels, init: { kind: "zeros" } });
}

/** Returns the factors of a block's value embeddings, [B, T, Hk·D]: one for each head of keys. */
function valueGate(scope: Scope, x: Tensor, { keyHeads, width }: Pass): Tensor {
  const some = narrow(x, { axis: -1, start: 0, length: VALUE_CHANNELS });
  const gate = linear(scope.at("ve_gate"), some, { outputs: keyHeads, init: gateInit });
  const gates = scale(sigmoid(gate), VALUE_GATE);
  const [batch, time] = x.shape, repeated = [batch, time, keyHeads, width];
  return reshape(broadcast(gates, { shape: repeated, from: 3, to: 4 }), [batch, time, keyHeads * width]);
}

/** Rotates queries and keys by the angles of their positions. */
function rotate(scope: Scope, x: Tensor, pass: Pass): Tensor {
  const { heads, keyHeads, width, seqLen, cache, segments } = pass, [batch, time] = x.shape;
  const all = constant(scope, "angles", [seqLen, width]), positions = (cache ?? segments)?.positions;
  const table = positions !== undefined
    ? reshape(gather(all, positions), [batch * time, width])
    : time === seqLen
    ? all
    : slice(all, { start: 0, length: time });
  return rope(x, table, { heads: heads + keyHeads, width, pairs: "halves" });
}

/** Normalizes each head of queries and keys, [B, T, (H + Hk)·D]. */
function normHeads(scope: Scope, x: Tensor, { heads, keyHeads, width }: Pass): Tensor {
  const [batch, time] = x.shape, rows = reshape(x, [batch, time, heads + keyHeads, width]);
  const gains = constant(scope, "headGains", [width]);
  return reshape(rmsNorm(rows, gains, { eps: EPSILON }), x.shape);
}

/** Normalizes over the last axis, without a gain. */
function norm(scope: Scope, x: Tensor): Tensor {
  return rmsNorm(x, constant(scope, "gains", [x.shape[x.shape.length - 1]]), { eps: EPSILON });
}

/** Computes a linear layer with a weight [out, in]: `x` [..., in] → [..., out]. */
function linear(
  scope: Scope,
  x: Tensor,
  { outputs, init }: { readonly outputs: number; readonly init: Init },
): Tensor {
  const weight = scope.param("weight", [outputs, x.shape[x.shape.length - 1]], init);
  return adapted(matmul(x, weight, { transposeB: true }), { scope, x, isTransposed: false });
}

const gateInit: Init = { kind: "uniform", least: 0, bound: 0.02 };

/** Uniform initial values of standard deviation `factor / √channels`. */
function uniformInit(channels: number, factor = 1): Init {
  return { kind: "uniform", bound: factor * Math.sqrt(3 / channels) };
}
