/**
 * Matrix products of the CPU engine with a BLAS, in place of the WASM kernels.
 *
 * @module
 */
import { baseAddress, type Blas } from "./blas.ts";

/**
 * A kernel as the worker calls it: `tensors` is the address of a list of tensor addresses, `args` is the
 * address of the kernel's arguments, and `scratch` is the address of the thread's scratch memory.
 */
export type WasmKernel = (
  tensors: number,
  args: number,
  thread: number,
  threads: number,
  scratch: number,
) => void;

/** The WASM export `epilogue`, which adds a bias, GELU or residual to a block of a product. */
export type EpilogueKernel = (
  kind: number,
  c: number,
  stride: number,
  rows: number,
  columns: number,
  bias: number,
  other: number,
) => void;

/**
 * For each op: `kind` is the kind of work that `epilogue` does on the product (see
 * kernels/ops/matmul/epilogue_wasm.ts); `out`, `bias` and `other` are the binding indices of the output, the
 * bias and the third tensor that `epilogue` uses. If `add` is 1, the product is added to the output.
 */
const products = {
  matmul: { kind: 0, out: 2, bias: 2, other: 2, add: 0 },
  matmul_add: { kind: 0, out: 2, bias: 2, other: 2, add: 1 },
  affine: { kind: 1, out: 3, bias: 2, other: 2, add: 0 },
  affine_gelu: { kind: 2, out: 4, bias: 2, other: 3, add: 0 },
  affine_add: { kind: 3, out: 4, bias: 2, other: 3, add: 0 },
} as const;

/**
 * Products of up to this many rows use the WASM kernels (kernels/ops/matmul/matmul_rows_wasm.ts). Memory
 * bandwidth limits such products, and a BLAS first copies its operands, which pays off only for large
 * products. The WASM kernels also compute each row independently, so that a generated text does not depend on
 * the other texts of its batch.
 */
const MAX_WASM_ROWS = 8;

/**
 * Returns kernels by op name; they take the same arguments as the WASM kernels. `wasm` returns the WASM
 * kernel that has a given name.
 */
export function blasProducts(
  blas: Blas,
  { memory, epilogue, wasm }: {
    readonly memory: WebAssembly.Memory;
    readonly epilogue: EpilogueKernel;
    readonly wasm: (name: string) => WasmKernel;
  },
): ReadonlyMap<string, WasmKernel> {
  const base = baseAddress(memory);
  const words = new Uint32Array(memory.buffer), numbers = new Float64Array(memory.buffer);
  const kernelOf = (
    { kind, out, bias, other, add }: (typeof products)[keyof typeof products],
    wasmKernel: WasmKernel,
  ): WasmKernel =>
  (tensors, args, thread, threads, scratch) => {
    const at = args >>> 3, list = tensors >>> 2;
    const m = numbers[at], n = numbers[at + 1], k = numbers[at + 2];
    const transA = numbers[at + 3], transB = numbers[at + 4];
    if (m <= MAX_WASM_ROWS && (transA === 0 || m === 1)) {
      return wasmKernel(tensors, args, thread, threads, scratch);
    }
    if (!blas.concurrent && thread > 0) return; // the library uses threads of its own
    const { top, bottom, left, right } = blockOf({ m, n }, thread, blas.concurrent ? threads : 1);
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
    epilogue(kind, c, 4 * n, bottom - top, right - left, words[list + bias] + 4 * left, otherAt);
  };
  return new Map(Object.entries(products).map(([name, product]) => [name, kernelOf(product, wasm(name))]));
}

/**
 * Returns rows [top, bottom) and columns [left, right) of one thread's block. Edges inside the matrix are
 * multiples of 16.
 */
function blockOf(
  { m, n }: { readonly m: number; readonly n: number },
  thread: number,
  threads: number,
): { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number } {
  const across = threadRows({ m, n }, threads), along = threads / across;
  const row = Math.floor(thread / along), column = thread % along;
  return {
    top: edge(m, row, across),
    bottom: edge(m, row + 1, across),
    left: edge(n, column, along),
    right: edge(n, column + 1, along),
  };
}

const UNIT = 16; // edges of blocks are multiples of this number, a multiple of the vector width

function edge(size: number, at: number, parts: number): number {
  return Math.min(Math.floor(Math.ceil(size / UNIT) * at / parts) * UNIT, size);
}

/**
 * Returns the number of parts `p` into which the rows are divided; the columns are divided into `threads / p`
 * parts. `p` is chosen to minimize the work of the busiest thread, including the copies that a BLAS makes of
 * its operands.
 */
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
