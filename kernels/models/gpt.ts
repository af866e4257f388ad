/**
 * GPT-2: pre-norm blocks of causal attention and an MLP with GELU, learned positions, output head tied to the
 * embedding.
 * Source: Radford et al. 2019; weight names and shapes as in Hugging Face, initial values and dropout as in
 * nanoGPT.
 *
 * @module
 */
import { recompute } from "../core/recompute.ts";
import type { Scope } from "../core/scope.ts";
import { ShapeError } from "../core/tensor.ts";
import type { Tensor } from "../core/graph.ts";
import { add } from "../ops/elementwise/arith.ts";
import { attention } from "../ops/attention/attention.ts";
import { cacheAttention } from "../ops/attention/attention_cache.ts";
import { dropout } from "../ops/dropout/dropout.ts";
import type { Dropout } from "../ops/dropout/dropout_mask.ts";
import { gather } from "../ops/indexing/gather.ts";
import { linearCrossEntropy } from "../ops/loss/linear_cross_entropy.ts";
import { matmul } from "../ops/matmul/matmul.ts";
import { slice } from "../ops/indexing/slice.ts";
import { type GptConfig, gptFault, gptOptions } from "./gpt_options.ts";
import { type Gelu, geluOf, linear, norm, scaledBy } from "./layers.ts";
import { type FullConfig, withDefaults } from "./model_options.ts";
import type { KvCache, Model, Randomness, Recompute, Segments } from "./model.ts";

const std = 0.02; // standard deviation of initial weights

type Full = FullConfig<typeof gptOptions>;

/**
 * A GPT-2. Throws RangeError for an option out of range. `forward` and `losses` throw ShapeError for
 * sequences longer than `seqLen`.
 *
 * @example
 * ```ts
 * import { gpt, plan } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 12, heads: 12, channels: 768, seqLen: 1024, vocabSize: 50257 });
 * console.log(plan({ model }).parameterCount); // 124475904
 * ```
 */
export function gpt(config: GptConfig): Model<GptConfig> {
  const fault = gptFault(config);
  if (fault !== null) throw new RangeError(`Cannot build a GPT: ${fault}`);
  const full = withDefaults(gptOptions, config), { vocabSize, seqLen, vocabPad } = full;
  const paddedVocabSize = Math.ceil(vocabSize / vocabPad) * vocabPad;
  return {
    name: "gpt",
    config,
    vocabSize,
    paddedVocabSize,
    seqLen,
    tables: { embedding: "wte.weight", head: "lm_head.weight", positions: "wpe.weight" },
    forward: (scope, tokens, { rows, training, cache } = {}) => {
      const options = { ...full, paddedVocabSize, training, cache, recompute: "none" } as const;
      const { x, head } = trunk(scope, tokens, options);
      return matmul(rows === undefined ? x : gather(x, rows), head, { transposeB: true });
    },
    losses: (
      scope,
      { tokens, targets, training, segments, recompute = "none", blockBytes, temperature = 1 },
    ) => {
      const { x, head } = trunk(scope, tokens, { ...full, paddedVocabSize, training, segments, recompute });
      return linearCrossEntropy(scaledBy(x, 1 / temperature), {
        weight: head,
        targets,
        valid: vocabSize,
        blockBytes,
      });
    },
  };
}

/**
 * Returns the output of all layers below the head, tokens [B, T] → [B, T, C], and the weight of the head,
 * [Vp, C].
 */
function trunk(
  scope: Scope,
  tokens: Tensor,
  config: Full & {
    readonly paddedVocabSize: number;
    readonly training: Randomness | undefined;
    readonly cache?: KvCache | undefined;
    readonly segments?: Segments | undefined;
    readonly recompute: Recompute;
  },
): { readonly x: Tensor; readonly head: Tensor } {
  const { layers, channels, seqLen, paddedVocabSize, training, cache, dropout: rate, bias, normEps: eps } =
    config;
  const length = tokens.shape[tokens.shape.length - 1];
  if (tokens.shape.length !== 2 || length > seqLen) {
    throw new ShapeError(
      `Cannot run the model on tokens [${tokens.shape}]: wanted [batch, time] with time at most ${seqLen}, its sequence length`,
    );
  }
  const wte = scope.at("wte").param("weight", [paddedVocabSize, channels], { kind: "normal", std });
  const wpe = scope.at("wpe").param("weight", [seqLen, channels], { kind: "normal", std });
  const { segments } = config, place = (cache ?? segments)?.positions;
  const positions = place !== undefined
    ? gather(wpe, place)
    : length === seqLen
    ? wpe
    : slice(wpe, { start: 0, length });
  const drop: DropoutAt = (place) =>
    training === undefined || rate === 0
      ? undefined
      : { rate, key: training.key(place.path), draw: training.draw };
  let x = add(gather(wte, tokens), positions);
  const dropped = drop(scope.at("drop"));
  if (dropped !== undefined) x = dropout(x, dropped);
  scope.probe("embedding", x);
  for (let i = 0; i < layers; i++) {
    const run = (x: Tensor) => block(scope.at(`h.${i}`), x, { ...config, drop, cache, segments });
    x = scope.probe(`h.${i}`, config.recompute === "block" ? recompute(x, run) : run(x));
  }
  x = scope.probe("ln_f", norm(scope.at("ln_f"), x, { bias, eps }));
  const head = scope.at("lm_head"); // shape errors of the calls that follow name this place
  if (config.tie) return { x, head: wte };
  return { x, head: head.param("weight", [paddedVocabSize, channels], { kind: "normal", std }) };
}

/**
 * Dropout at a place in the model; undefined for none. It depends only on the place's path, so that a
 * recomputation drops the same elements.
 */
type DropoutAt = (place: Scope) => Dropout | undefined;

/** Computes a transformer block: `x` [B, T, C] → [B, T, C]. */
function block(
  scope: Scope,
  x: Tensor,
  options: Pick<Full, "layers" | "heads" | "gelu" | "bias" | "normEps"> & {
    readonly recompute: Recompute;
    readonly drop: DropoutAt;
    readonly cache: KvCache | undefined;
    readonly segments: Segments | undefined;
  },
): Tensor {
  const { drop, gelu, bias, normEps: eps } = options;
  const channels = x.shape[x.shape.length - 1];
  // Each block adds two projections to the residual stream; the scale of the projections keeps the variance
  // of the stream independent of the number of blocks.
  const projection = { outputs: channels, std: std / Math.sqrt(2 * options.layers), bias };

  const normed = norm(scope.at("ln_1"), x, { bias, eps });
  const attn = scope.at("attn");
  const qkv = linear(attn.at("c_attn"), normed, { outputs: 3 * channels, std, bias });
  const mixed = attn.probe("mixed", attend(attn, qkv, options));
  x = linear(attn.at("c_proj"), mixed, {
    ...projection,
    residual: x,
    dropout: drop(attn.at("resid_dropout")),
  });

  const mlp = scope.at("mlp"), normed2 = norm(scope.at("ln_2"), x, { bias, eps });
  const widen = (gelu: Gelu | null) =>
    linear(mlp.at("c_fc"), normed2, { outputs: 4 * channels, std, bias, gelu });
  const narrow = (wide: Tensor) =>
    linear(mlp.at("c_proj"), wide, { ...projection, residual: x, dropout: drop(mlp.at("dropout")) });
  // GELU is a call of its own here, so that it is recomputed without the matrix product before it.
  if (options.recompute === "gelu") return recompute(widen(null), (hidden) => narrow(geluOf(hidden, gelu)));
  return narrow(mlp.probe("act", widen(gelu)));
}

/**
 * Computes causal attention to the given tokens and, with a KV cache, to the earlier tokens of their texts:
 * `qkv` [B, T, 3C] → [B, T, C].
 */
function attend(
  scope: Scope,
  qkv: Tensor,
  { heads, drop, cache, segments }: {
    readonly heads: number;
    readonly drop: DropoutAt;
    readonly cache: KvCache | undefined;
    readonly segments: Segments | undefined;
  },
): Tensor {
  if (cache !== undefined) {
    const { texts, firstRows, seqLen } = cache, width = qkv.shape[2] / 3 * 2;
    const keysAndValues = scope.graph.leaf(
      `${scope.path}/cache`,
      { shape: [texts, seqLen, width], dtype: "f32" },
      "cache",
    );
    return cacheAttention(qkv, { heads, cache: keysAndValues, firstRows });
  }
  const weights = drop(scope.at("attn_dropout"));
  return attention(qkv, { heads, firstKeys: segments?.firstKeys, ...(weights && { dropout: weights }) });
}
