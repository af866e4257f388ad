/**
 * Matrix products of the CPU engine by a BLAS: what stands in for the WASM kernels of products in a thread.
 *
 * @module
 */
import { baseAddress, type Blas } from "./blas.ts";

/** A kernel as op tables call it. */
export type WasmKernel = (
  tensors: number,
  args: number,
  thread: number,
  threads: number,
  scratch: number,
) => void;

/** The WASM export `finish`, which adds biases and so on to a block of a product. */
export type FinishKernel = (
  kind: number,
  c: number,
  stride: number,
  rows: number,
  columns: number,
  bias: number,
  other: number,
) => void;

/** Which tensors of a call are what, and what `finish` does to the product; indices as in kernels/wasm. */
const products = {
  matmul: { kind: 0, out: 2, bias: 2, other: 2, add: 0 },
  matmul_add: { kind: 0, out: 2, bias: 2, other: 2, add: 1 },
  affine: { kind: 1, out: 3, bias: 2, other: 2, add: 0 },
  affine_gelu: { kind: 2, out: 4, bias: 2, other: 3, add: 0 },
  affine_add: { kind: 3, out: 4, bias: 2, other: 3, add: 0 },
} as const;

/**
 * Products of up to so many rows are left to the WASM kernels (kernels/ops/matmul/matmul_rows_wasm.ts): memory sets their pace, and a
 * BLAS made for large ones copies operands first. Also, a text's tokens are then the same whatever other texts there are.
 */
const FEW = 8;

/** Kernels by op name, with the same arguments as their WASM twins, which `wasm` has. */
export function blasProducts(
  blas: Blas,
  { memory, finish, wasm }: {
    readonly memory: WebAssembly.Memory;
    readonly finish: FinishKernel;
    readonly wasm: (name: string) => WasmKernel;
  },
): ReadonlyMap<string, WasmKernel> {
  const base = baseAddress(memory);
  const words = new Uint32Array(memory.buffer), numbers = new Float64Array(memory.buffer);
  const kernelOf = (
    { kind, out, bias, other, add }: (typeof products)[keyof typeof products],
    twin: WasmKernel,
  ): WasmKernel =>
  (tensors, args, thread, threads, scratch) => {
    const at = args >>> 3, list = tensors >>> 2;
    const m = numbers[at], n = numbers[at + 1], k = numbers[at + 2];
    const transA = numbers[at + 3], transB = numbers[at + 4];
    if (m <= FEW && (transA === 0 || m === 1)) return twin(tensors, args, thread, threads, scratch);
    if (!blas.concurrent && thread > 0) return; // the library brings its own threads
    const { top, bottom, left, right } = shareOf({ m, n }, thread, blas.concurrent ? threads : 1);
    if (top === bottom || left === right) return;
    const offset = 4 * (top * n + left);
    blas.sgemm({
      m: bottom - top,
      n: right - left,
      k,
      transA,
      transB,
      add,
      a: base + words[list] + 4 * (transA === 0 ? top * k : top),
      b: base + words[list + 1] + 4 * (transB === 0 ? left : left * k),
      c: base + words[list + out] + offset,
      lda: transA === 0 ? k : m,
      ldb: transB === 0 ? n : k,
      ldc: n,
    });
    if (kind === 0) return;
    const c = words[list + out] + offset, otherAt = words[list + other] + offset;
    finish(kind, c, 4 * n, bottom - top, right - left, words[list + bias] + 4 * left, otherAt);
  };
  return new Map(Object.entries(products).map(([name, product]) => [name, kernelOf(product, wasm(name))]));
}

/** Rows [top, bottom) and columns [left, right) of one thread; whole units of 16, so no thread gets a ragged middle. */
function shareOf(
  { m, n }: { readonly m: number; readonly n: number },
  thread: number,
  threads: number,
): { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number } {
  const across = threadRows({ m, n }, threads), along = threads / across;
  const row = Math.floor(thread / along), column = thread % along;
  return {
    top: part(m, row, across),
    bottom: part(m, row + 1, across),
    left: part(n, column, along),
    right: part(n, column + 1, along),
  };
}

const UNIT = 16;

function part(size: number, at: number, parts: number): number {
  return Math.min(Math.floor(Math.ceil(size / UNIT) * at / parts) * UNIT, size);
}

/** How many threads divide the rows (the others divide the columns): least work, packing counted in, for the busiest. */
function threadRows({ m, n }: { readonly m: number; readonly n: number }, threads: number): number {
  const high = Math.ceil(m / UNIT), wide = Math.ceil(n / UNIT);
  let best = 1, least = Infinity;
  for (let rows = 1; rows <= threads; rows++) {
    if (threads % rows !== 0) continue;
    const tall = Math.ceil(high / rows), broad = Math.ceil(wide / (threads / rows));
    const cost = tall * broad + tall + broad;
    if (cost < least) [least, best] = [cost, rows];
  }
  return best;
}
