/**
 * Attention to a KV cache: keys and values of a token are computed once, and later tokens attend to them.
 * Each query is computed on its own and in a fixed order, so its result does not depend on the other queries
 * of the call.
 *
 * A cache [S, T, 2C] holds S texts of up to T positions: for each position the keys and then the values. Row
 * `s·T + t` of the cache is position `t` of text `s`.
 *
 * @module
 */
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { flat } from "../../core/wgsl.ts";
import { bytesOf, ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import type { AttentionAttrs } from "./attention_wgsl.ts";
import { cacheAttentionKernel, type CacheSizes } from "./attention_cache_wgsl.ts";
import { expectF32, expectU32 } from "../specs.ts";

/** Options of `cacheAttention`. */
export interface CacheOptions {
  /** Number of heads, H. */
  readonly heads: number;
  /** KV cache of all texts, [S, T, 2C]. */
  readonly cache: Tensor;
  /**
   * Cache row of the first new token in each row of `qkv`, u32 [B]; the next cache rows are for the other
   * tokens of that row of `qkv`. Each row of `qkv` belongs to a different text.
   */
  readonly firstRows: Tensor;
}

/**
 * Computes causal attention of new tokens to all tokens of their texts so far: `qkv` [B, N, 3C] → [B, N, C],
 * packed as for `attention`. The new keys and values are put into the cache first. Tokens past the last
 * position of a text are not stored, and their results are zeros. The op has no gradient. Throws ShapeError
 * if sizes do not fit.
 */
export function cacheAttention(qkv: Tensor, { heads, cache, firstRows: firstRows }: CacheOptions): Tensor {
  const [updated] = callPut([cache, qkv, firstRows], null);
  return callAttend([qkv, updated, firstRows], { heads })[0];
}

/** `(cache, qkv, firstRows) → cache`, in place. */
export const cachePutOp: Op<null> = {
  name: "cache_put",
  inPlace: [0],
  infer: ([cache, qkv, firstRows]) => {
    sizesOf("cache_put", { cache, qkv, firstRows, heads: 1 });
    return [{ shape: cache.shape, dtype: "f32" }];
  },
  reference: ([cache, qkv, firstRows], call) => {
    const { batch, tokens, channels, texts, time } = putSizes(call), out = cache.slice();
    for (let b = 0; b < batch; b++) {
      const count = storedTokens({ firstRow: firstRows[b], tokens, texts, time });
      for (let t = 0; t < count; t++) {
        const from = ((b * tokens + t) * 3 + 1) * channels;
        out.set(qkv.subarray(from, from + 2 * channels), (firstRows[b] + t) * 2 * channels);
      }
    }
    return [out];
  },
  wgsl: (call) => {
    const { batch, tokens, channels, texts, time } = putSizes(call), row = 2 * channels;
    return flat(
      call,
      `let token = i / ${row}u;
  let firstRow = in2[token / ${tokens}u];
  let t = token % ${tokens}u;
  if (firstRow < ${texts * time}u && firstRow % ${time}u + t < ${time}u) {
    in0[(firstRow + t) * ${row}u + i % ${row}u] = in1[token * ${3 * channels}u + ${channels}u + i % ${row}u];
  }`,
      { count: batch * tokens * row },
    );
  },
  wasm: (call) => {
    const { batch, tokens, channels, texts, time } = putSizes(call);
    return [batch, tokens, channels, texts, time];
  },
  traffic: ({ inputs: [, qkv, firstRows] }) => {
    const bytes = bytesOf(qkv) / 3 * 2;
    return { read: bytes + bytesOf(firstRows), written: bytes };
  },
  cases: [
    { inputs: [[1, 5, 6], [1, 1, 9], [1]], attrs: null, fill: ["normal", "normal", { below: 5 }] },
    { inputs: [[40, 3, 20], [2, 2, 30], [2]], attrs: null, fill: ["normal", "normal", { below: 120 }] },
    // In the first of these cases, some of the tokens are past the last position of the text; in the second,
    // all of them are.
    { inputs: [[2, 3, 4], [1, 5, 6], [1]], attrs: null, fill: ["normal", "normal", { below: 6 }] },
    { inputs: [[2, 3, 4], [1, 2, 6], [1]], attrs: null, fill: ["normal", "normal", { below: 1e9 }] },
  ],
};

/** `(qkv, cache, firstRows) → out`. */
export const cacheAttentionOp: Op<AttentionAttrs> = {
  name: "cache_attention",
  infer: ([qkv, cache, firstRows], { heads }) => {
    const { batch, tokens, channels } = sizesOf("cache_attention", { cache, qkv, firstRows, heads });
    return [{ shape: [batch, tokens, channels], dtype: "f32" }];
  },
  reference: ([qkv, cache, firstRows], call) => {
    const { batch, tokens, channels, heads, width, texts, time } = attendSizes(call);
    const out = new Float64Array(batch * tokens * channels);
    for (let b = 0; b < batch; b++) {
      const begin = Math.floor(firstRows[b] / time) * time,
        count = storedTokens({ firstRow: firstRows[b], tokens, texts, time });
      for (let t = 0; t < count; t++) {
        for (let h = 0; h < heads; h++) {
          const query = (b * tokens + t) * 3 * channels + h * width;
          const keyOf = (j: number) => (begin + j) * 2 * channels + h * width;
          const scores = Array.from({ length: firstRows[b] - begin + t + 1 }, (_, j) => {
            let dot = 0;
            for (let c = 0; c < width; c++) dot += qkv[query + c] * cache[keyOf(j) + c];
            return dot / Math.sqrt(width);
          });
          const max = scores.reduce((a, b) => Math.max(a, b)), weights = scores.map((s) => Math.exp(s - max));
          const total = weights.reduce((a, b) => a + b), to = (b * tokens + t) * channels + h * width;
          weights.forEach((weight, j) => {
            const value = keyOf(j) + channels;
            for (let c = 0; c < width; c++) out[to + c] += weight / total * cache[value + c];
          });
        }
      }
    }
    return [out];
  },
  wgsl: (call) => cacheAttentionKernel(call, attendSizes(call)),
  wasm: (call) => {
    const { batch, tokens, channels, heads, texts, time } = attendSizes(call);
    return [batch, tokens, channels, heads, texts, time];
  },
  // An upper bound: the lengths of the texts are known only on the device.
  flops: (call) => {
    const { batch, tokens, channels, time } = attendSizes(call);
    return 4 * batch * tokens * channels * time;
  },
  traffic: ({ inputs: [qkv, cache, firstRows], outputs: [out] }) => ({
    read: bytesOf(qkv) / 3 + qkv.shape[0] * bytesOf(cache) / cache.shape[0] + bytesOf(firstRows),
    written: bytesOf(out),
  }),
  cases: [
    { inputs: [[1, 1, 9], [1, 5, 6], [1]], attrs: { heads: 1 }, fill: ["normal", "normal", { below: 5 }] },
    { inputs: [[3, 1, 36], [4, 9, 24], [3]], attrs: { heads: 2 }, fill: ["normal", "normal", { below: 36 }] },
    {
      inputs: [[2, 7, 30], [2, 11, 20], [2]],
      attrs: { heads: 2 },
      fill: ["normal", "normal", { below: 22 }],
    },
    {
      inputs: [[2, 1, 96], [2, 700, 64], [2]],
      attrs: { heads: 1 },
      fill: ["normal", "normal", { below: 1400 }],
    },
    {
      inputs: [[1, 3, 222], [1, 70, 148], [1]],
      attrs: { heads: 1 },
      fill: ["normal", "normal", { below: 70 }],
    },
    { inputs: [[1, 1, 6], [1, 3, 4], [1]], attrs: { heads: 2 }, fill: ["normal", "normal", { below: 1e9 }] },
    {
      inputs: [[1, 1, 2304], [1, 1024, 1536], [1]],
      attrs: { heads: 12 },
      fill: ["normal", "normal", { below: 1024 }],
      bench: true,
    },
  ],
};

const callPut = define(cachePutOp);
const callAttend = define(cacheAttentionOp);

/** Returns the number of a row's new tokens that have a position in the cache. */
function storedTokens(
  { firstRow, tokens, texts, time }: { firstRow: number; tokens: number; texts: number; time: number },
): number {
  return firstRow < texts * time ? Math.min(tokens, time - firstRow % time) : 0;
}

function putSizes({ inputs: [cache, qkv, firstRows] }: Call<null>): CacheSizes {
  return sizesOf("cache_put", { cache, qkv, firstRows, heads: 1 });
}

function attendSizes(
  { inputs: [qkv, cache, firstRows], attrs: { heads } }: Call<AttentionAttrs>,
): CacheSizes {
  return sizesOf("cache_attention", { cache, qkv, firstRows, heads });
}

function sizesOf(
  op: string,
  { cache, qkv, firstRows, heads }: { cache: Spec; qkv: Spec; firstRows: Spec; heads: number },
): CacheSizes {
  const [texts, time, row] = cache.shape, [batch, tokens, packed] = qkv.shape, channels = row / 2;
  expectF32(op, { cache, qkv });
  expectU32(op, { firstRows });
  if (
    cache.shape.length !== 3 || qkv.shape.length !== 3 || !Number.isInteger(channels) ||
    packed !== 3 * channels
  ) {
    throw new ShapeError(
      `Cannot call ${op}: cache is [${cache.shape}], qkv is [${qkv.shape}]: wanted [S, T, 2C] and [B, N, 3C]`,
    );
  }
  if (sizeOf(firstRows.shape) !== batch) {
    throw new ShapeError(
      `Cannot call ${op}: firstRows is [${firstRows.shape}], wanted [${batch}], one for each row of qkv`,
    );
  }
  const width = channels / heads;
  if (!Number.isInteger(heads) || heads < 1 || !Number.isInteger(width)) {
    throw new ShapeError(
      `Cannot attend with ${heads} heads to ${channels} channels: the channels must be a multiple of the heads`,
    );
  }
  return { batch, tokens, channels, heads, width, texts, time };
}
