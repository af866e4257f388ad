/**
 * Attention to a KV cache: keys and values of a token are computed once, and later tokens attend to them.
 * Each query is computed on its own and in a fixed order, so its result does not depend on the other queries
 * of the call.
 *
 * A cache [S, T, 2K·D] holds S texts of up to T positions: for each position the keys of K heads and then the
 * values. Row `s·T + t` of the cache is position `t` of text `s`.
 *
 * @module
 */
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { flat } from "../../core/wgsl.ts";
import { bytesOf, ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { type AttentionForm, firstKey, headArgs, headSizes, scoreOf } from "./attention_sizes.ts";
import { cacheAttentionKernel, type CacheSizes } from "./attention_cache_wgsl.ts";
import { expectF32, expectU32 } from "../specs.ts";

/** Options of `cacheAttention`. */
export interface CacheOptions extends AttentionForm {
  /** KV cache of all texts, [S, T, 2K·D]. */
  readonly cache: Tensor;
  /**
   * Cache row of the first new token in each row of `qkv`, u32 [B]; the next cache rows are for the other
   * tokens of that row of `qkv`. Each row of `qkv` belongs to a different text.
   */
  readonly firstRows: Tensor;
}

/**
 * Computes causal attention of new tokens to all tokens of their texts so far: `qkv` [B, N, (H + 2K)·D] → [B,
 * N, H·D], packed as for `attention`. The new keys and values are put into the cache first. Tokens past the
 * last position of a text are not stored, and their results are zeros. The op has no gradient. Throws
 * ShapeError if sizes do not fit, and RangeError for an option out of range.
 */
export function cacheAttention(qkv: Tensor, { cache, firstRows, ...form }: CacheOptions): Tensor {
  const [updated] = callPut([cache, qkv, firstRows], null);
  return callAttend([qkv, updated, firstRows], form)[0];
}

/** `(cache, qkv, firstRows) → cache`, in place. */
export const cachePutOp: Op<null> = {
  name: "cache_put",
  inPlace: [0],
  infer: ([cache, qkv, firstRows]) => {
    cacheSizes("cache_put", { cache, qkv, firstRows });
    return [{ shape: cache.shape, dtype: "f32" }];
  },
  reference: ([cache, qkv, firstRows], call) => {
    const { batch, tokens, packed, row, texts, time } = putSizes(call), out = cache.slice();
    for (let b = 0; b < batch; b++) {
      const count = storedTokens({ firstRow: firstRows[b], tokens, texts, time });
      for (let t = 0; t < count; t++) {
        const end = (b * tokens + t + 1) * packed;
        out.set(qkv.subarray(end - row, end), (firstRows[b] + t) * row);
      }
    }
    return [out];
  },
  wgsl: (call) => {
    const { batch, tokens, packed, row, texts, time } = putSizes(call);
    return flat(
      call,
      `let token = i / ${row}u;
  let firstRow = in2[token / ${tokens}u];
  let t = token % ${tokens}u;
  if (firstRow < ${texts * time}u && firstRow % ${time}u + t < ${time}u) {
    in0[(firstRow + t) * ${row}u + i % ${row}u] = in1[token * ${packed}u + ${packed - row}u + i % ${row}u];
  }`,
      { count: batch * tokens * row },
    );
  },
  wasm: (call) => {
    const { batch, tokens, packed, row, texts, time } = putSizes(call);
    return [batch, tokens, packed, row, texts, time];
  },
  traffic: (call) => {
    const { inputs: [, , firstRows] } = call, { batch, tokens, row } = putSizes(call);
    const bytes = 4 * batch * tokens * row;
    return { read: bytes + bytesOf(firstRows), written: bytes };
  },
  cases: [
    { inputs: [[1, 5, 6], [1, 1, 9], [1]], attrs: null, fill: ["normal", "normal", { below: 5 }] },
    { inputs: [[40, 3, 20], [2, 2, 30], [2]], attrs: null, fill: ["normal", "normal", { below: 120 }] },
    // In the first of these cases, some of the tokens are past the last position of the text; in the second,
    // all of them are.
    { inputs: [[2, 3, 4], [1, 5, 6], [1]], attrs: null, fill: ["normal", "normal", { below: 6 }] },
    { inputs: [[2, 3, 4], [1, 2, 6], [1]], attrs: null, fill: ["normal", "normal", { below: 1e9 }] },
    // Four heads of queries to one head of keys.
    { inputs: [[3, 4, 6], [1, 2, 18], [1]], attrs: null, fill: ["normal", "normal", { below: 12 }] },
  ],
};

/** `(qkv, cache, firstRows) → out`. */
export const cacheAttentionOp: Op<AttentionForm> = {
  name: "cache_attention",
  infer: ([qkv, cache, firstRows], form) => {
    const { batch, tokens, channels } = attendSizes({ qkv, cache, firstRows }, form);
    return [{ shape: [batch, tokens, channels], dtype: "f32" }];
  },
  reference: ([qkv, cache, firstRows], call) => {
    const sizes = sizesOfCall(call), { batch, tokens, channels, heads, width, row, texts, time } = sizes;
    const out = new Float64Array(batch * tokens * channels), keyRow = row - channels;
    for (let b = 0; b < batch; b++) {
      const begin = Math.floor(firstRows[b] / time) * time,
        count = storedTokens({ firstRow: firstRows[b], tokens, texts, time });
      for (let t = 0; t < count; t++) {
        const position = firstRows[b] - begin + t, first = firstKey(position, sizes);
        for (let h = 0; h < heads; h++) {
          const query = (b * tokens + t) * row + h * width, keyHead = Math.floor(h * sizes.keyHeads / heads);
          const keys = Array.from({ length: position + 1 - first }, (_, j) => {
            const key = (begin + first + j) * keyRow + keyHead * width;
            return { key, score: scoreOf([qkv, query], [cache, key], sizes).score };
          });
          const max = keys.reduce((top, { score }) => Math.max(top, score), -Infinity);
          const total = keys.reduce((sum, { score }) => sum + Math.exp(score - max), 0);
          const to = (b * tokens + t) * channels + h * width;
          for (const { key, score } of keys) {
            const weight = Math.exp(score - max) / total, value = key + keyRow / 2;
            for (let c = 0; c < width; c++) out[to + c] += weight * cache[value + c];
          }
        }
      }
    }
    return [out];
  },
  wgsl: (call) => cacheAttentionKernel(call, sizesOfCall(call)),
  wasm: (call) => {
    const { batch, tokens, texts, time, ...head } = sizesOfCall(call);
    return [batch, tokens, texts, time, ...headArgs(head)];
  },
  // An upper bound: the lengths of the texts are known only on the device.
  flops: (call) => {
    const { batch, tokens, channels, window } = sizesOfCall(call);
    return 4 * batch * tokens * channels * window;
  },
  traffic: (call) => {
    const { inputs: [, , firstRows], outputs: [out] } = call,
      { batch, row, channels, window } = sizesOfCall(call);
    const keys = 4 * batch * window * (row - channels);
    return { read: bytesOf(out) + keys + bytesOf(firstRows), written: bytesOf(out) };
  },
  cases: [
    { inputs: [[1, 1, 9], [1, 5, 6], [1]], attrs: { heads: 1 }, fill: ["normal", "normal", { below: 5 }] },
    {
      inputs: [[3, 5, 30], [3, 80, 12], [3]],
      attrs: { heads: 3, keyHeads: 1, window: 9, scale: 1.5, softCap: 1.2 },
      fill: ["normal", "normal", { below: 240 }],
    },
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
      inputs: [[2, 3, 40], [3, 30, 16], [2]],
      attrs: { heads: 6, keyHeads: 2, scale: 0.4 },
      fill: ["normal", "normal", { below: 90 }],
    },
    {
      inputs: [[2, 2, 48], [2, 400, 32], [2]],
      attrs: { heads: 2, window: 70, softCap: 0.8 },
      fill: ["normal", "normal", { below: 800 }],
    },
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

/** Sizes of the tensors of a call, whose heads may be unknown. */
interface Sizes {
  readonly batch: number;
  readonly tokens: number;
  /** Number of channels of a row of `qkv`. */
  readonly packed: number;
  /** Number of channels of a row of the cache: all keys and values of a position. */
  readonly row: number;
  readonly texts: number;
  readonly time: number;
}

interface Inputs {
  readonly cache: Spec;
  readonly qkv: Spec;
  readonly firstRows: Spec;
}

function putSizes({ inputs: [cache, qkv, firstRows] }: Call<null>): Sizes {
  return cacheSizes("cache_put", { cache, qkv, firstRows });
}

function sizesOfCall({ inputs: [qkv, cache, firstRows], attrs }: Call<AttentionForm>): CacheSizes {
  return attendSizes({ qkv, cache, firstRows }, attrs);
}

function attendSizes(inputs: Inputs, form: AttentionForm): CacheSizes {
  const { batch, tokens, packed, row, texts, time } = cacheSizes("cache_attention", inputs);
  const head = headSizes(form, { row: packed, time }), wanted = 2 * head.keyHeads * head.width;
  if (row !== wanted) {
    throw new ShapeError(
      `Cannot call cache_attention: rows of the cache have ${row} channels, wanted ${wanted} for keys and values ` +
        `of ${head.keyHeads} heads of ${head.width} channels`,
    );
  }
  return { batch, tokens, texts, time, ...head };
}

function cacheSizes(op: string, { cache, qkv, firstRows }: Inputs): Sizes {
  const [texts, time, row] = cache.shape, [batch, tokens, packed] = qkv.shape;
  expectF32(op, { cache, qkv });
  expectU32(op, { firstRows });
  if (cache.shape.length !== 3 || qkv.shape.length !== 3 || row % 2 !== 0 || packed <= row) {
    throw new ShapeError(
      `Cannot call ${op}: cache is [${cache.shape}], qkv is [${qkv.shape}]: wanted [S, T, 2K·D] and ` +
        "[B, N, (H + 2K)·D]",
    );
  }
  if (sizeOf(firstRows.shape) !== batch) {
    throw new ShapeError(
      `Cannot call ${op}: firstRows is [${firstRows.shape}], wanted [${batch}], one for each row of qkv`,
    );
  }
  return { batch, tokens, packed, row, texts, time };
}
