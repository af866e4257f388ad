/**
 * The Llama family: pre-norm blocks of grouped-query attention with rotary positions and a gated MLP. By
 * switches of one configuration it is Llama 2 and 3, Mistral, SmolLM2 and 3, Qwen 2, 2.5 and 3, Gemma 2 and
 * 3. Source: Touvron et al. 2023; weight names and shapes ([out, in]) as in Hugging Face, but with one matrix
 * each for queries, keys and values, and for gate and up, as in Phi-3.
 *
 * @module
 */
import { fill } from "../core/gradient_ops.ts";
import type { Tensor } from "../core/graph.ts";
import { recompute } from "../core/recompute.ts";
import type { Scope } from "../core/scope.ts";
import { ShapeError, type TensorMap } from "../core/tensor.ts";
import { reshape } from "../core/view.ts";
import { attention } from "../ops/attention/attention.ts";
import { cacheAttention } from "../ops/attention/attention_cache.ts";
import { rope } from "../ops/attention/rope.ts";
import { add } from "../ops/elementwise/arith.ts";
import { glu } from "../ops/elementwise/glu.ts";
import { scale } from "../ops/elementwise/scale.ts";
import { tanh } from "../ops/elementwise/tanh.ts";
import { concat, narrow } from "../ops/indexing/concat.ts";
import { gather } from "../ops/indexing/gather.ts";
import { slice } from "../ops/indexing/slice.ts";
import { crossEntropy } from "../ops/loss/cross_entropy.ts";
import { linearCrossEntropy } from "../ops/loss/linear_cross_entropy.ts";
import { matmul } from "../ops/matmul/matmul.ts";
import { rmsNorm } from "../ops/norm/rms_norm.ts";
import {
  type FullLlamaConfig,
  type LlamaConfig,
  llamaFault,
  llamaOptions,
  scalingOf,
} from "./llama_options.ts";
import { adapted } from "./lora.ts";
import { scaledBy } from "./layers.ts";
import type { KvCache, Model, Recompute, Segments } from "./model.ts";
import { withDefaults } from "./model_options.ts";
import { ropeTable } from "./rope_table.ts";

/** Labels of the constant tables of angles: of blocks without and with a window. */
const tables = { global: "rope.table", local: "rope.local_table" } as const;

/** What the layers of one forward pass share. */
interface Pass extends FullLlamaConfig {
  readonly cache: KvCache | undefined;
  readonly segments: Segments | undefined;
  readonly recompute: Recompute;
}

/**
 * A model of the Llama family. Throws RangeError for an option out of range. `forward` and `losses` throw
 * ShapeError for sequences longer than `seqLen`.
 *
 * @example
 * ```ts
 * import { llama, plan } from "@stagewise/gpt";
 *
 * const heads = { heads: 9, keyHeads: 3, headWidth: 64 };
 * const sizes = { layers: 30, channels: 576, hidden: 1536, seqLen: 2048, vocabSize: 49152 };
 * console.log(plan({ model: llama({ ...heads, ...sizes }) }).parameterCount); // 134515008
 * ```
 */
export function llama(config: LlamaConfig): Model<LlamaConfig> {
  const fault = llamaFault(config);
  if (fault !== null) throw new RangeError(`Cannot build a Llama: ${fault}`);
  const full = withDefaults(llamaOptions, config), { vocabSize, seqLen, vocabPad, logitCap } = full;
  const paddedVocabSize = Math.ceil(vocabSize / vocabPad) * vocabPad;
  return {
    name: "llama",
    config,
    vocabSize,
    paddedVocabSize,
    seqLen,
    tables: { embedding: "model.embed_tokens.weight", head: "lm_head.weight" },
    constants: () => constantsOf(full),
    forward: (scope, tokens, { rows, cache } = {}) => {
      const { x, head } = trunk(scope, tokens, {
        ...full,
        paddedVocabSize,
        cache,
        segments: undefined,
        recompute: "none",
      });
      return capped(matmul(rows === undefined ? x : gather(x, rows), head, { transposeB: true }), logitCap);
    },
    losses: (scope, { tokens, targets, segments, recompute = "none", blockBytes, temperature = 1 }) => {
      const pass = { ...full, paddedVocabSize, cache: undefined, segments, recompute };
      const { x, head } = trunk(scope, tokens, pass);
      if (logitCap === 0) {
        return linearCrossEntropy(scaledBy(x, 1 / temperature), {
          weight: head,
          targets,
          valid: vocabSize,
          blockBytes,
        });
      }
      const logits = capped(matmul(x, head, { transposeB: true }), logitCap);
      return crossEntropy(scaledBy(logits, 1 / temperature), targets, {
        valid: vocabSize,
      });
    },
  };
}

/** Returns the tables of angles that the blocks read. */
function constantsOf(config: FullLlamaConfig): TensorMap {
  const { headWidth: width, seqLen: positions, ropeBase: base, localRopeBase } = config;
  return {
    [tables.global]: ropeTable({ width, positions, base, scaling: scalingOf(config) }),
    ...(localRopeBase > 0 && {
      [tables.local]: ropeTable({ width, positions, base: localRopeBase, scaling: { kind: "none" } }),
    }),
  };
}

/** `cap · tanh(x / cap)`; `x` itself for a cap of 0. */
function capped(x: Tensor, cap: number): Tensor {
  return cap === 0 ? x : scale(tanh(scale(x, 1 / cap)), cap);
}

/**
 * Returns the output of all layers below the head, tokens [B, T] → [B, T, C], and the weight of the head,
 * [Vp, C].
 */
function trunk(
  scope: Scope,
  tokens: Tensor,
  config: Pass & { readonly paddedVocabSize: number },
): { readonly x: Tensor; readonly head: Tensor } {
  const { layers, channels, seqLen, paddedVocabSize, gemma, initStd: std } = config;
  const length = tokens.shape[tokens.shape.length - 1];
  if (tokens.shape.length !== 2 || length > seqLen) {
    throw new ShapeError(
      `Cannot run the model on tokens [${tokens.shape}]: wanted [batch, time] with time at most ${seqLen}, its sequence length`,
    );
  }
  const model = scope.at("model");
  const table = model.at("embed_tokens").param("weight", [paddedVocabSize, channels], {
    kind: "normal",
    std,
  });
  let x = gather(table, tokens);
  if (gemma) x = scale(x, Math.fround(Math.sqrt(channels)));
  scope.probe("embedding", x);
  for (let i = 0; i < layers; i++) {
    const run = (x: Tensor) => block(model.at(`layers.${i}`), x, { ...config, ...placeOf(i, config) });
    x = scope.probe(`layers.${i}`, config.recompute === "block" ? recompute(x, run) : run(x));
  }
  x = scope.probe("norm", norm(model.at("norm"), x, config));
  const head = scope.at("lm_head"); // shape errors of the calls that follow name this place
  if (config.tie) return { x, head: table };
  return { x, head: head.param("weight", [paddedVocabSize, channels], { kind: "normal", std }) };
}

/** What differs from block to block. */
interface Place {
  /** Whether the block's queries attend to the last `window` keys only. */
  readonly hasWindow: boolean;
  /** Whether the block has rotary positions. */
  readonly hasRope: boolean;
}

function placeOf(i: number, { window, globalEvery, ropeEvery }: FullLlamaConfig): Place {
  const isNth = (every: number) => every > 0 && (i + 1) % every === 0;
  return { hasWindow: window > 0 && !isNth(globalEvery), hasRope: !isNth(ropeEvery) };
}

/** Computes a block: `x` [B, T, C] → [B, T, C]. */
function block(scope: Scope, x: Tensor, config: Pass & Place): Tensor {
  const { gemma, gate, hidden, mlpBias, layers, channels, initStd: std } = config;
  const after = (name: string, y: Tensor) => gemma ? norm(scope.at(name), y, config) : y;
  // The projections that are added to the residual stream start smaller, as in GPT-2.
  const projection = { outputs: channels, std: std / Math.sqrt(2 * layers) };
  const attn = scope.at("self_attn");
  const mixed = attend(attn, norm(scope.at("input_layernorm"), x, config), config);
  const attended = linear(attn, mixed, {
    name: "o_proj",
    ...projection,
    bias: config.attentionBias === "all",
  });
  // Gemma's norm after attention has the name of Llama's norm before the MLP.
  x = add(x, after("post_attention_layernorm", attended));

  const before = scope.at(gemma ? "pre_feedforward_layernorm" : "post_attention_layernorm");
  const mlp = scope.at("mlp"), normed = norm(before, x, config);
  const parts = ["gate_proj", "up_proj"].map((name) => ({ name, outputs: hidden }));
  const wide = linear(mlp, normed, { name: "gate_up_proj", outputs: 2 * hidden, std, bias: mlpBias, parts });
  const act = mlp.probe("act", glu(wide, { gate }));
  const narrowed = linear(mlp, act, { name: "down_proj", ...projection, bias: mlpBias });
  return add(x, after("post_feedforward_layernorm", narrowed));
}

/** Computes causal attention: `x` [B, T, C] → [B, T, H·D]. */
function attend(scope: Scope, x: Tensor, config: Pass & Place): Tensor {
  const { heads, keyHeads, headWidth, attentionBias, queryNorm, scoreWidth, attentionCap, window } = config;
  const { cache, initStd: std } = config;
  const outputs = (heads + 2 * keyHeads) * headWidth;
  const part = (name: string, count: number) => ({ name, outputs: count * headWidth });
  const parts = [part("q_proj", heads), part("k_proj", keyHeads), part("v_proj", keyHeads)];
  let qkv = linear(scope, x, { name: "qkv_proj", outputs, std, bias: attentionBias !== "none", parts });
  if (queryNorm) qkv = normHeads(scope, qkv, config);
  if (config.hasRope) qkv = rotate(scope, qkv, config);
  const form = {
    heads,
    keyHeads,
    ...(config.hasWindow && { window }),
    ...(scoreWidth > 0 && { scale: 1 / Math.sqrt(scoreWidth) }),
    ...(attentionCap > 0 && { softCap: attentionCap }),
  };
  if (cache === undefined) {
    return scope.probe("mixed", attention(qkv, { ...form, firstKeys: config.segments?.firstKeys }));
  }
  const { texts, firstRows, seqLen } = cache, shape = [texts, seqLen, 2 * keyHeads * headWidth];
  const keysAndValues = scope.graph.leaf(`${scope.path}/cache`, { shape, dtype: "f32" }, "cache");
  return cacheAttention(qkv, { ...form, cache: keysAndValues, firstRows });
}

/** Normalizes each head of the queries and of the keys; values stay as they are. */
function normHeads(scope: Scope, qkv: Tensor, config: Pass): Tensor {
  const { heads, keyHeads, headWidth } = config, [batch, time] = qkv.shape;
  const normed = (name: string, { start, count }: { readonly start: number; readonly count: number }) => {
    const part = narrow(qkv, { axis: -1, start: start * headWidth, length: count * headWidth });
    const rows = reshape(part, [batch, time, count, headWidth]);
    return reshape(norm(scope.at(name), rows, config), part.shape);
  };
  const [start, length] = [(heads + keyHeads) * headWidth, keyHeads * headWidth];
  return concat([
    normed("q_norm", { start: 0, count: heads }),
    normed("k_norm", { start: heads, count: keyHeads }),
    narrow(qkv, { axis: -1, start, length }),
  ]);
}

/** Rotates queries and keys by the angles of their positions. */
function rotate(scope: Scope, qkv: Tensor, config: Pass & Place): Tensor {
  const { heads, keyHeads, headWidth: width, seqLen, localRopeBase, cache, segments } = config;
  const [batch, time] = qkv.shape;
  const label = config.hasWindow && localRopeBase > 0 ? tables.local : tables.global;
  const all = scope.graph.leaf(label, { shape: [seqLen, width], dtype: "f32" }, "input");
  const positions = (cache ?? segments)?.positions;
  const table = positions !== undefined
    ? reshape(gather(all, positions), [batch * time, width])
    : time === seqLen
    ? all
    : slice(all, { start: 0, length: time });
  return rope(qkv, table, { heads: heads + keyHeads, width, pairs: "halves" });
}

/**
 * Computes the linear layer `name` inside `scope`, with a weight [out, in]: `x` [..., in] → [..., out].
 * `parts` are the layers that it joins, for adapters; default: it is one layer.
 */
function linear(
  inside: Scope,
  x: Tensor,
  { name, outputs, std, bias, parts }: {
    readonly name: string;
    readonly outputs: number;
    readonly std: number;
    readonly bias: boolean;
    readonly parts?: readonly { readonly name: string; readonly outputs: number }[];
  },
): Tensor {
  const scope = inside.at(name);
  const weight = scope.param("weight", [outputs, x.shape[x.shape.length - 1]], { kind: "normal", std });
  const product = matmul(x, weight, { transposeB: true });
  const y = bias ? add(product, scope.param("bias", [outputs], { kind: "zeros" })) : product;
  return adapted(y, {
    scope,
    x,
    isTransposed: false,
    parts: parts?.map(({ name, outputs }) => ({ scope: inside.at(name), outputs })),
  });
}

/** Normalizes over the last axis. Gemma's weight starts at 0 and 1 is added to it. */
function norm(scope: Scope, x: Tensor, { gemma, normEps: eps }: FullLlamaConfig): Tensor {
  const weight = scope.param("weight", [x.shape[x.shape.length - 1]], { kind: gemma ? "zeros" : "ones" });
  return rmsNorm(x, gemma ? add(weight, fill(weight, 1)) : weight, { eps });
}
