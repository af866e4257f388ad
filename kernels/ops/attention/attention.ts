/**
 * Causal self-attention from packed queries, keys and values, and its gradient, without storing a T × T
 * matrix: the forward pass stores the log of each row's sum of exponentials, from which the backward pass
 * recomputes the weights. Sources: Vaswani et al. 2017; Dao 2023, "FlashAttention-2".
 *
 * @module
 */
import type { Call, Op, Tensor } from "../../core/graph.ts";
import type { Case } from "../../core/case.ts";
import { define } from "../../core/op.ts";
import { type Shape, ShapeError, type Spec } from "../../core/tensor.ts";
import {
  type AttentionAttrs,
  attentionGradKernel,
  attentionKernel,
  type AttentionSizes,
} from "./attention_wgsl.ts";
import { type Dropout, dropoutConstants, expectRandomness, maskOf } from "../dropout/dropout_mask.ts";

/** Options of `attention`. */
export interface AttentionOptions {
  /** Number of heads, H. */
  readonly heads: number;
  /** Dropout of the attention weights, after the softmax. */
  readonly dropout?: Dropout;
}

/**
 * Computes causal multi-head self-attention: `qkv` [B, T, 3C] → [B, T, C]. The last axis of `qkv` holds
 * queries, keys and values; in each of the three, head `h` starts at `h·C/H`. Scores are scaled by
 * `1 / sqrt(C/H)`. Throws ShapeError unless `qkv` is [B, T, 3C] with C divisible by the number of heads.
 */
export function attention(qkv: Tensor, { heads, dropout }: AttentionOptions): Tensor {
  if (dropout === undefined || dropout.rate === 0) return callAttention([qkv], { heads })[0];
  return callAttention([qkv, dropout.key, dropout.draw], { heads, dropout: dropout.rate })[0];
}

/**
 * Computes `out` [B, T, C], and the log-sum-exp of each row [B, H, T], from `qkv` and, for dropout, `key` and
 * `draw`.
 */
export const attentionOp: Op<AttentionAttrs> = {
  name: "attention",
  infer: ([qkv, key, draw], attrs) => {
    const { batch, time, channels, heads } = sizesOf(qkv, attrs);
    if (attrs.dropout !== undefined) {
      dropoutConstants(attrs.dropout);
      expectRandomness("attention", { key, draw });
    }
    return [{ shape: [batch, time, channels], dtype: "f32" }, { shape: [batch, heads, time], dtype: "f32" }];
  },
  vjp: (call, [dout]) => {
    const [qkv, ...randomness] = call.inputs, [out, lse] = call.outputs, rest = randomness.map(() => null);
    if (dout === null) return [null, ...rest];
    return [callAttentionGrad([qkv, out, lse, dout, ...randomness], call.attrs)[0], ...rest];
  },
  reference: ([qkv, key, draw], call) => {
    const sizes = sizesOf(call.inputs[0], call.attrs), { batch, time, channels, heads, width } = sizes;
    const mask = maskFor(call.attrs, { key, draw });
    const out = new Float64Array(batch * time * channels), lse = new Float64Array(batch * heads * time);
    for (const head of eachHead(sizes)) {
      for (let i = 0; i < time; i++) {
        const scores = scoresOf(qkv, { ...head, i });
        const max = Math.max(...scores);
        const sum = scores.reduce((total, s) => total + Math.exp(s - max), 0);
        lse[head.row + i] = max + Math.log(sum);
        scores.forEach((s, j) => {
          const weight = Math.exp(s - lse[head.row + i]) * mask(head.row + i, j);
          for (let c = 0; c < width; c++) out[head.out(i) + c] += weight * qkv[head.value(j) + c];
        });
      }
    }
    return [out, lse];
  },
  wgsl: (call, { limits }) => attentionKernel(call, { ...sizesOf(call.inputs[0], call.attrs), limits }),
  wasm: wasmArgs,
  flops: (call) => 4 * pairs(sizesOf(call.inputs[0], call.attrs)),
  cases: [
    { inputs: [[2, 5, 18]], attrs: { heads: 2 } },
    { inputs: [[1, 1, 3]], attrs: { heads: 1 } },
    { inputs: [[1, 67, 30]], attrs: { heads: 2 } },
    { inputs: [[2, 130, 48]], attrs: { heads: 1 } },
    { inputs: [[1, 40, 192]], attrs: { heads: 1 } },
    { inputs: [[2, 128, 384]], attrs: { heads: 2 }, bench: true },
    withDropout([2, 5, 18], { heads: 2, dropout: 0.5 }),
    withDropout([1, 67, 30], { heads: 2, dropout: 0.1 }),
    withDropout([2, 130, 48], { heads: 1, dropout: 0.3 }),
    withDropout([1, 40, 192], { heads: 1, dropout: 0.2 }),
  ],
};

/** Computes `dqkv` from `qkv`, `out`, `lse`, `dout` and, for dropout, `key` and `draw`. */
export const attentionGradOp: Op<AttentionAttrs> = {
  name: "attention_grad",
  infer: ([qkv, out, lse, dout, key, draw], attrs) => {
    const { batch, time, channels, heads } = sizesOf(qkv, attrs);
    if (attrs.dropout !== undefined) expectRandomness("attention_grad", { key, draw });
    const wanted = [batch, time, channels], wantedLse = [batch, heads, time];
    if (
      String(out.shape) !== String(wanted) || String(dout.shape) !== String(wanted) ||
      String(lse.shape) !== String(wantedLse)
    ) {
      throw new ShapeError(
        `Cannot differentiate attention: out is [${out.shape}], dout [${dout.shape}], lse [${lse.shape}]: ` +
          `wanted [${wanted}], [${wanted}], [${wantedLse}]`,
      );
    }
    return [{ shape: qkv.shape, dtype: "f32" }];
  },
  reference: ([qkv, out, lse, dout, key, draw], call) => {
    const sizes = sizesOf(call.inputs[0], call.attrs), { time, width } = sizes;
    const mask = maskFor(call.attrs, { key, draw });
    const dqkv = new Float64Array(qkv.length), scale = 1 / Math.sqrt(width);
    for (const head of eachHead(sizes)) {
      for (let i = 0; i < time; i++) {
        let delta = 0; // sum over `j` of each weight times its gradient
        for (let c = 0; c < width; c++) delta += dout[head.out(i) + c] * out[head.out(i) + c];
        scoresOf(qkv, { ...head, i }).forEach((s, j) => {
          const weight = Math.exp(s - lse[head.row + i]), masked = mask(head.row + i, j);
          let ofWeight = 0;
          for (let c = 0; c < width; c++) {
            ofWeight += masked * dout[head.out(i) + c] * qkv[head.value(j) + c];
            dqkv[head.value(j) + c] += masked * weight * dout[head.out(i) + c];
          }
          const ofScore = weight * (ofWeight - delta) * scale;
          for (let c = 0; c < width; c++) {
            dqkv[head.query(i) + c] += ofScore * qkv[head.key(j) + c];
            dqkv[head.key(j) + c] += ofScore * qkv[head.query(i) + c];
          }
        });
      }
    }
    return [dqkv];
  },
  wgsl: (call, { limits }) => attentionGradKernel(call, { ...sizesOf(call.inputs[0], call.attrs), limits }),
  wasm: wasmArgs,
  flops: (call) => 10 * pairs(sizesOf(call.inputs[0], call.attrs)),
  cases: attentionOp.cases.map(({ inputs: [qkv, ...randomness], attrs, fill = [], bench = false }) => {
    const [batch, time, packed] = qkv, out = [batch, time, packed / 3];
    return {
      inputs: [qkv, out, [batch, attrs.heads, time], out, ...randomness],
      attrs,
      fill: ["normal", "normal", "normal", "normal", ...fill.slice(1)],
      bench,
    };
  }),
};

const callAttention = define(attentionOp);
const callAttentionGrad = define(attentionGradOp);

function sizesOf(qkv: Spec, { heads }: AttentionAttrs): AttentionSizes {
  const [batch, time, packed] = qkv.shape;
  const channels = packed / 3;
  if (qkv.shape.length !== 3 || !Number.isInteger(channels)) {
    throw new ShapeError(`Cannot attend: qkv is [${qkv.shape}], wanted [B, T, 3C]`);
  }
  const width = channels / heads;
  if (!Number.isInteger(heads) || heads < 1 || !Number.isInteger(width)) {
    throw new ShapeError(
      `Cannot attend with ${heads} heads to ${channels} channels: the channels must be a multiple of the heads`,
    );
  }
  return { batch, time, channels, heads, width };
}

/** Returns sizes, then the threshold and scale of dropout, which are 0 and 1 without dropout. */
function wasmArgs({ inputs: [qkv], attrs }: Call<AttentionAttrs>): readonly number[] {
  const { batch, time, channels, heads } = sizesOf(qkv, attrs);
  const { threshold, scale } = attrs.dropout === undefined
    ? { threshold: 0, scale: 1 }
    : dropoutConstants(attrs.dropout);
  return [batch, time, channels, heads, threshold, scale];
}

/**
 * Returns the factor that dropout applies to an attention weight: 0 if the weight is dropped. `row` is a row
 * of `lse`, `key` the position of a key.
 */
function maskFor(
  { dropout }: AttentionAttrs,
  randomness: { readonly key: Float64Array; readonly draw: Float64Array },
): (row: number, key: number) => number {
  return dropout === undefined ? () => 1 : maskOf(dropout, randomness);
}

/** A case with dropout. */
function withDropout(qkv: Shape, attrs: AttentionAttrs): Case<AttentionAttrs> {
  const word = { below: 2 ** 32 } as const;
  return { inputs: [qkv, [2], [1]], attrs, fill: ["normal", word, word] };
}

/**
 * Returns the number of multiply-adds of one product that is computed for every query with each key that it
 * attends to.
 */
function pairs({ batch, time, channels }: AttentionSizes): number {
  return batch * channels * time * (time + 1) / 2;
}

/**
 * Offsets of a head's vectors in the flat arrays for a given position, the vectors' width, and the head's
 * first row in `lse`.
 */
interface HeadOffsets {
  readonly row: number;
  readonly width: number;
  query(i: number): number;
  key(j: number): number;
  value(j: number): number;
  out(i: number): number;
}

function* eachHead({ batch, time, channels, heads, width }: AttentionSizes): Iterable<HeadOffsets> {
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const packed = (i: number, part: number) => ((b * time + i) * 3 + part) * channels + h * width;
      yield {
        row: (b * heads + h) * time,
        width,
        query: (i) => packed(i, 0),
        key: (j) => packed(j, 1),
        value: (j) => packed(j, 2),
        out: (i) => (b * time + i) * channels + h * width,
      };
    }
  }
}

/** Returns scaled scores of query `i` with keys 0 … `i`. */
function scoresOf(qkv: Float64Array, { query, key, width, i }: HeadOffsets & { i: number }): Float64Array {
  const scores = new Float64Array(i + 1);
  for (let j = 0; j <= i; j++) {
    let dot = 0;
    for (let c = 0; c < width; c++) dot += qkv[query(i) + c] * qkv[key(j) + c];
    scores[j] = dot / Math.sqrt(width);
  }
  return scores;
}
