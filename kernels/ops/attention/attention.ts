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
  type AttentionForm,
  type AttentionSizes,
  firstKey,
  headArgs,
  headSizes,
  type Score,
  scoreOf,
} from "./attention_sizes.ts";
import { attentionGradKernel, attentionKernel } from "./attention_wgsl.ts";
import { type Dropout, dropoutConstants, expectRandomness, maskOf } from "../dropout/dropout_mask.ts";

/** Options of `attention`. */
export interface AttentionOptions extends AttentionForm {
  /** Dropout of the attention weights, after the softmax. */
  readonly dropout?: Dropout;
  /**
   * Position of the first key that each query attends to, u32 [B, T]: where its document begins, for several
   * documents in one sequence. It must not decrease along T, nor exceed the query's own position. Default: 0.
   */
  readonly firstKeys?: Tensor | undefined;
}

/**
 * Computes causal attention of H query heads to K heads of keys and values: `qkv` [B, T, (H + 2K)·D] → [B, T,
 * H·D]. The last axis of `qkv` holds H queries, K keys and K values of D channels each. Throws ShapeError if
 * the sizes do not fit, and RangeError for an option out of range.
 */
export function attention(qkv: Tensor, { dropout, firstKeys, ...form }: AttentionOptions): Tensor {
  const segments = firstKeys === undefined ? {} : { segments: true };
  const last = firstKeys === undefined ? [] : [firstKeys];
  if (dropout === undefined || dropout.rate === 0) {
    return callAttention([qkv, ...last], { ...form, ...segments })[0];
  }
  const attrs = { ...form, ...segments, dropout: dropout.rate };
  return callAttention([qkv, dropout.key, dropout.draw, ...last], attrs)[0];
}

/**
 * Computes `out` [B, T, H·D], and the log-sum-exp of each row [B, H, T], from `qkv` and, for dropout, `key`
 * and `draw`, and for segments `firstKeys`.
 */
export const attentionOp: Op<AttentionAttrs> = {
  name: "attention",
  infer: (inputs, attrs) => {
    const [qkv, key, draw] = inputs, { batch, time, channels, heads } = sizesOf(qkv, attrs);
    if (attrs.dropout !== undefined) {
      dropoutConstants(attrs.dropout);
      expectRandomness("attention", { key, draw });
    }
    expectSegments(inputs, attrs);
    return [{ shape: [batch, time, channels], dtype: "f32" }, { shape: [batch, heads, time], dtype: "f32" }];
  },
  vjp: (call, [dout]) => {
    const [qkv, ...randomness] = call.inputs, [out, lse] = call.outputs, rest = randomness.map(() => null);
    if (dout === null) return [null, ...rest];
    return [callAttentionGrad([qkv, out, lse, dout, ...randomness], call.attrs)[0], ...rest];
  },
  reference: (inputs, call) => {
    const sizes = sizesOf(call.inputs[0], call.attrs), { batch, time, channels, heads, width } = sizes;
    const [qkv, key, draw] = inputs, mask = maskFor(call.attrs, { key, draw });
    const opens = segmentsOf(inputs, call.attrs);
    const out = new Float64Array(batch * time * channels), lse = new Float64Array(batch * heads * time);
    for (const head of eachHead(sizes)) {
      for (let i = 0; i < time; i++) {
        const keys = keysOf(qkv, { sizes, head, i, opens }),
          max = Math.max(...keys.map(({ score }) => score));
        const sum = keys.reduce((total, { score }) => total + Math.exp(score - max), 0);
        lse[head.row + i] = max + Math.log(sum);
        for (const { j, score } of keys) {
          const weight = Math.exp(score - lse[head.row + i]) * mask(head.row + i, j);
          for (let c = 0; c < width; c++) out[head.out(i) + c] += weight * qkv[head.value(j) + c];
        }
      }
    }
    return [out, lse];
  },
  wgsl: (call, gpu) => attentionKernel(call, { ...sizesOf(call.inputs[0], call.attrs), ...gpu }),
  wasm: wasmArgs,
  flops: (call) => 4 * pairs(sizesOf(call.inputs[0], call.attrs)),
  cases: [
    { inputs: [[2, 5, 18]], attrs: { heads: 2 } },
    { inputs: [[2, 19, 32]], attrs: { heads: 2, keyHeads: 1, window: 7, scale: 0.5, softCap: 1.25 } },
    { inputs: [[1, 1, 3]], attrs: { heads: 1 } },
    { inputs: [[1, 67, 30]], attrs: { heads: 2 } },
    { inputs: [[2, 130, 48]], attrs: { heads: 1 } },
    { inputs: [[1, 40, 192]], attrs: { heads: 1 } },
    { inputs: [[2, 128, 384]], attrs: { heads: 2 }, bench: true },
    withDropout([2, 5, 18], { heads: 2, dropout: 0.5 }),
    withDropout([1, 67, 30], { heads: 2, dropout: 0.1 }),
    withDropout([2, 130, 48], { heads: 1, dropout: 0.3 }),
    withDropout([1, 40, 192], { heads: 1, dropout: 0.2 }),
    { inputs: [[2, 70, 40]], attrs: { heads: 6, keyHeads: 2 } },
    { inputs: [[1, 9, 24]], attrs: { heads: 4, keyHeads: 1, scale: 0.3 } },
    { inputs: [[1, 150, 24]], attrs: { heads: 1, window: 37 } },
    { inputs: [[2, 21, 48]], attrs: { heads: 2, window: 1 } },
    { inputs: [[1, 90, 48]], attrs: { heads: 2, softCap: 0.7, scale: 1.5 } },
    { inputs: [[1, 20, 768]], attrs: { heads: 1 } },
    withSegments([2, 67, 30], { heads: 2 }),
    withSegments([2, 150, 32], { heads: 2, keyHeads: 1, window: 50, scale: 0.5, softCap: 1.25 }),
    withSegments([2, 40, 48], { heads: 1, dropout: 0.3 }),
    withDropout([2, 140, 32], {
      heads: 2,
      keyHeads: 1,
      window: 50,
      scale: 0.5,
      softCap: 1.25,
      dropout: 0.25,
    }),
  ],
};

/** Computes `dqkv` from `qkv`, `out`, `lse`, `dout` and, for dropout, `key` and `draw`. */
export const attentionGradOp: Op<AttentionAttrs> = {
  name: "attention_grad",
  infer: (inputs, attrs) => {
    const [qkv, out, lse, dout, key, draw] = inputs, { batch, time, channels, heads } = sizesOf(qkv, attrs);
    if (attrs.dropout !== undefined) expectRandomness("attention_grad", { key, draw });
    expectSegments(inputs, attrs);
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
  reference: (inputs, call) => {
    const sizes = sizesOf(call.inputs[0], call.attrs), { time, width } = sizes;
    const [qkv, out, lse, dout, key, draw] = inputs, mask = maskFor(call.attrs, { key, draw });
    const opens = segmentsOf(inputs, call.attrs);
    const dqkv = new Float64Array(qkv.length);
    for (const head of eachHead(sizes)) {
      for (let i = 0; i < time; i++) {
        let delta = 0; // sum over `j` of each weight times its gradient
        for (let c = 0; c < width; c++) delta += dout[head.out(i) + c] * out[head.out(i) + c];
        for (const { j, score, slope } of keysOf(qkv, { sizes, head, i, opens })) {
          const weight = Math.exp(score - lse[head.row + i]), masked = mask(head.row + i, j);
          let ofWeight = 0;
          for (let c = 0; c < width; c++) {
            ofWeight += masked * dout[head.out(i) + c] * qkv[head.value(j) + c];
            dqkv[head.value(j) + c] += masked * weight * dout[head.out(i) + c];
          }
          const ofDot = weight * (ofWeight - delta) * slope;
          for (let c = 0; c < width; c++) {
            dqkv[head.query(i) + c] += ofDot * qkv[head.key(j) + c];
            dqkv[head.key(j) + c] += ofDot * qkv[head.query(i) + c];
          }
        }
      }
    }
    return [dqkv];
  },
  wgsl: (call, gpu) => attentionGradKernel(call, { ...sizesOf(call.inputs[0], call.attrs), ...gpu }),
  wasm: wasmArgs,
  flops: (call) => 10 * pairs(sizesOf(call.inputs[0], call.attrs)),
  cases: attentionOp.cases.map(({ inputs: [qkv, ...randomness], attrs, fill = [], bench = false }) => {
    const { batch, time, heads, channels } = sizesOf({ shape: qkv, dtype: "f32" }, attrs);
    const out = [batch, time, channels];
    return {
      inputs: [qkv, out, [batch, heads, time], out, ...randomness],
      attrs,
      fill: ["normal", "normal", "normal", "normal", ...fill.slice(1)],
      bench,
    };
  }),
};

const callAttention = define(attentionOp);
const callAttentionGrad = define(attentionGradOp);

function sizesOf(qkv: Spec, attrs: AttentionAttrs): AttentionSizes {
  const [batch, time, row] = qkv.shape;
  if (qkv.shape.length !== 3) {
    throw new ShapeError(`Cannot attend: qkv is [${qkv.shape}], wanted [B, T, (H + 2K)·D]`);
  }
  return { batch, time, ...headSizes(attrs, { row, time }) };
}

/** Returns sizes, then the threshold and scale of dropout, which are 0 and 1 without dropout. */
function wasmArgs({ inputs: [qkv], attrs }: Call<AttentionAttrs>): readonly number[] {
  const { batch, time, ...head } = sizesOf(qkv, attrs);
  const { threshold, scale } = attrs.dropout === undefined
    ? { threshold: 0, scale: 1 }
    : dropoutConstants(attrs.dropout);
  return [batch, time, threshold, scale, ...headArgs(head), Number(attrs.segments === true)];
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

/** Throws ShapeError unless the last input of a call with segments has a first key for each query. */
function expectSegments(inputs: readonly Spec[], { segments = false }: AttentionAttrs): void {
  if (!segments) return;
  const { shape: [batch, time] } = inputs[0], firstKeys = inputs[inputs.length - 1];
  if (firstKeys.dtype === "u32" && String(firstKeys.shape) === String([batch, time])) return;
  throw new ShapeError(
    `Cannot attend to segments: firstKeys is ${firstKeys.dtype} [${firstKeys.shape}], wanted u32 [${batch}, ${time}]`,
  );
}

/** Returns a function that gives the first key of each query of the batch. */
function segmentsOf(
  inputs: readonly Float64Array[],
  { segments = false }: AttentionAttrs,
): (row: number) => number {
  const firstKeys = inputs[inputs.length - 1];
  return segments ? (row) => firstKeys[row] : () => 0;
}

/** A case with two or three segments per sequence, the first of which begins at 0. */
function withSegments(qkv: Shape, attrs: AttentionAttrs): Case<AttentionAttrs> {
  const [batch, time] = qkv, word = { below: 2 ** 32 } as const;
  const opens = Uint32Array.from({ length: batch * time }, (_, at) => {
    const row = Math.floor(at / time), i = at % time, borders = [Math.ceil(time * (row + 1) / 5), time - 3];
    return borders.findLast((border) => border <= i) ?? 0;
  });
  const random = attrs.dropout === undefined ? [] : [[2], [1]];
  return {
    inputs: [qkv, ...random, [batch, time]],
    attrs: { ...attrs, segments: true },
    fill: ["normal", ...random.map(() => word), { words: opens }],
  };
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
function pairs({ batch, channels, time, window }: AttentionSizes): number {
  return batch * channels * (time * window - window * (window - 1) / 2);
}

/** Offsets of a head's vectors in the flat arrays for a given position, and its first row in `lse`. */
interface HeadOffsets {
  readonly batch: number;
  readonly row: number;
  query(i: number): number;
  key(j: number): number;
  value(j: number): number;
  out(i: number): number;
}

function* eachHead(sizes: AttentionSizes): Iterable<HeadOffsets> {
  const { batch, time, channels, heads, keyHeads, width, row } = sizes;
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const keyHead = Math.floor(h * keyHeads / heads);
      const at = (i: number, head: number) => (b * time + i) * row + head * width;
      yield {
        batch: b,
        row: (b * heads + h) * time,
        query: (i) => at(i, h),
        key: (j) => at(j, heads + keyHead),
        value: (j) => at(j, heads + keyHeads + keyHead),
        out: (i) => (b * time + i) * channels + h * width,
      };
    }
  }
}

/** Returns the keys that query `i` attends to, with their scores. */
function keysOf(
  qkv: Float64Array,
  { sizes, head, i, opens }: {
    readonly sizes: AttentionSizes;
    readonly head: HeadOffsets;
    readonly i: number;
    opens(row: number): number;
  },
): readonly (Score & { readonly j: number })[] {
  const first = Math.max(firstKey(i, sizes), opens(head.batch * sizes.time + i));
  return Array.from({ length: i + 1 - first }, (_, at) => {
    const j = first + at;
    return { j, ...scoreOf([qkv, head.query(i)], [qkv, head.key(j)], sizes) };
  });
}
