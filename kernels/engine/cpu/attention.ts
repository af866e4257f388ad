/**
 * Attention of the CPU engine with a BLAS. The BLAS multiplies a block of queries by all keys that the block
 * attends to; between the products, WASM kernels compute the softmax and its gradient
 * (kernels/ops/attention/attention_rows_wasm.ts). The blocks depend on the shapes alone, and one thread
 * computes a whole block, so that results have the same bits for any number of threads.
 *
 * @module
 */
import { baseAddress, type Blas } from "./blas.ts";
import { scratchBytes } from "./control.ts";
import type { WasmKernel } from "./product.ts";

/** The WASM exports that work on rows of attention scores. */
export interface RowKernels {
  /** Turns scores into attention weights, in place, and stores the log-sum-exp of each row. */
  softmax_rows(scores: number, rows: number, reach: number, first: number, scale: number, lse: number): void;
  /**
   * Turns scores into attention weights, and gradients of the weights into gradients of the scores, both in
   * place.
   */
  softmax_grad_rows(
    scores: number,
    slopes: number,
    rows: number,
    reach: number,
    first: number,
    scale: number,
    lse: number,
    out: number,
    dout: number,
    stride: number,
    depth: number,
  ): void;
}

/**
 * Largest number of queries per block: larger blocks would multiply more masked keys, and smaller blocks make
 * the products too small for BLAS.
 */
const MAX_QUERIES = 64;
/** Shorter sequences use the WASM kernels: BLAS gains nothing on such small products. */
const MIN_TIME = 64;

/**
 * Smallest number of queries per block: if a sequence is so long that scratch memory cannot hold the scores
 * of this many queries, the WASM kernels are used.
 */
const MIN_QUERIES = 16;

/**
 * Returns kernels for attention and its gradient, by op name. If BLAS would not be faster, or if the call has
 * dropout, these kernels call the corresponding WASM kernel.
 */
export function blasAttention(
  blas: Blas,
  { memory, rows, wasm }: {
    readonly memory: WebAssembly.Memory;
    readonly rows: RowKernels;
    readonly wasm: { readonly attention: WasmKernel; readonly attention_grad: WasmKernel };
  },
): ReadonlyMap<string, WasmKernel> {
  const base = baseAddress(memory);
  const words = new Uint32Array(memory.buffer), numbers = new Float64Array(memory.buffer);

  const sizesOf = (args: number) => {
    const [batch, time, dropped, , heads, keyHeads, depth, scale, window, cap, segmented] = numbers.subarray(
      args >>> 3,
      (args >>> 3) + 11,
    );
    const channels = heads * depth, keyChannels = keyHeads * depth, row = channels + 2 * keyChannels;
    // Scratch memory holds two arrays [queries, time]: the scores of a block and their gradients.
    const queries = Math.min(MAX_QUERIES, Math.floor(scratchBytes / (8 * time)));
    const plain = dropped === 0 && window === time && cap === 0 && segmented === 0;
    const useBlas = plain && time >= MIN_TIME && queries >= MIN_QUERIES, group = heads / keyHeads;
    return { batch, time, channels, keyChannels, row, heads, group, depth, queries, useBlas, scale };
  };
  const multiply = (
    [m, n, k]: readonly [number, number, number],
    o: {
      readonly a: number;
      readonly b: number;
      readonly c: number;
      readonly ld: readonly [a: number, b: number, c: number];
      readonly transA?: number;
      readonly transB?: number;
      readonly add?: number;
    },
  ) => {
    const { transA = 0, transB = 0, add = 0, ld: [lda, ldb, ldc] } = o;
    blas.sgemm({
      m,
      n,
      k,
      transA,
      transB,
      add,
      a: base + o.a,
      b: base + o.b,
      c: base + o.c,
      lda,
      ldb,
      ldc,
    });
  };

  const attention: WasmKernel = (tensors, args, thread, threads, scratch) => {
    const { batch, time, channels, keyChannels, row, heads, group, depth, queries, useBlas, scale } = sizesOf(
      args,
    );
    if (!useBlas) return wasm.attention(tensors, args, thread, threads, scratch);
    const [qkv, out, lse] = words.subarray(tensors >>> 2, (tensors >>> 2) + 3);
    const blocks = Math.ceil(time / queries);
    // The last block has the most keys, so it is computed first: no thread finishes late with a long block.
    for (let unit = thread; unit < batch * heads * blocks; unit += threads) {
      const pair = Math.floor(unit / blocks), first = (blocks - 1 - unit % blocks) * queries;
      const b = Math.floor(pair / heads), head = pair % heads;
      const q = qkv + 4 * (b * time * row + head * depth);
      const k = qkv + 4 * (b * time * row + channels + Math.floor(head / group) * depth);
      const v = k + 4 * keyChannels;
      const n = Math.min(queries, time - first), reach = first + n;
      multiply([n, reach, depth], {
        a: q + 4 * first * row,
        b: k,
        transB: 1,
        c: scratch,
        ld: [row, row, reach],
      });
      rows.softmax_rows(scratch, n, reach, first, scale, lse + 4 * (pair * time + first));
      const to = out + 4 * ((b * time + first) * channels + head * depth);
      multiply([n, depth, reach], { a: scratch, b: v, c: to, ld: [reach, row, channels] });
    }
  };

  const attentionGrad: WasmKernel = (tensors, args, thread, threads, scratch) => {
    const { batch, time, channels, keyChannels, row, heads, group, depth, queries, useBlas, scale } = sizesOf(
      args,
    );
    if (!useBlas) return wasm.attention_grad(tensors, args, thread, threads, scratch);
    const [qkv, out, lse, dout, dqkv] = words.subarray(tensors >>> 2, (tensors >>> 2) + 5);
    const slopes = scratch + 4 * queries * time;
    // One thread computes all heads of queries of a head of keys, because they add to the same gradients.
    const pairs = Array.from({ length: batch * heads }, (_, pair) => pair)
      .filter((pair) => Math.floor(pair / group) % threads === thread);
    for (const pair of pairs) {
      const b = Math.floor(pair / heads), head = pair % heads, keyHead = Math.floor(head / group);
      const outAt = 4 * (b * time * channels + head * depth);
      const at = 4 * (b * time * row + head * depth);
      const keyAt = 4 * (b * time * row + channels + keyHead * depth);
      const q = qkv + at, k = qkv + keyAt, v = k + 4 * keyChannels;
      const dq = dqkv + at, dk = dqkv + keyAt, dv = dk + 4 * keyChannels;
      // The last block attends to all keys, so it is computed first and sets the gradients of the keys and
      // values; the other blocks and heads add to these gradients.
      for (
        let first = Math.floor((time - 1) / queries) * queries, add = head % group === 0 ? 0 : 1;
        first >= 0;
        first -= queries, add = 1
      ) {
        const n = Math.min(queries, time - first), reach = first + n;
        const outRows = out + outAt + 4 * first * channels, doutRows = dout + outAt + 4 * first * channels;
        const qRows = q + 4 * first * row;
        multiply([n, reach, depth], { a: qRows, b: k, transB: 1, c: scratch, ld: [row, row, reach] });
        multiply([n, reach, depth], { a: doutRows, b: v, transB: 1, c: slopes, ld: [channels, row, reach] });
        const lseRows = lse + 4 * (pair * time + first);
        const stride = 4 * channels;
        rows.softmax_grad_rows(
          scratch,
          slopes,
          n,
          reach,
          first,
          scale,
          lseRows,
          outRows,
          doutRows,
          stride,
          depth,
        );
        multiply([n, depth, reach], { a: slopes, b: k, c: dq + 4 * first * row, ld: [reach, row, row] });
        multiply([reach, depth, n], { a: slopes, transA: 1, b: qRows, c: dk, add, ld: [reach, row, row] });
        multiply([reach, depth, n], {
          a: scratch,
          transA: 1,
          b: doutRows,
          c: dv,
          add,
          ld: [reach, channels, row],
        });
      }
    }
  };
  return new Map([["attention", attention], ["attention_grad", attentionGrad]]);
}
