/**
 * Matrix products of the CPU engine by a BLAS: what stands in for the WASM kernel `matmul` in a thread.
 *
 * @module
 */
import { baseAddress, type Blas } from "./blas.ts";

/** A kernel as op tables call it. */
export type Kernel = (
  tensors: number,
  args: number,
  thread: number,
  threads: number,
  scratch: number,
) => void;

/** `matmul` with the same arguments as its WASM twin: a, b → out [M, N]; args M, N, K, tA, tB. */
export function blasMatmul(blas: Blas, memory: WebAssembly.Memory): Kernel {
  const base = baseAddress(memory);
  const words = new Uint32Array(memory.buffer), numbers = new Float64Array(memory.buffer);
  return (tensors, args, thread, threads) => {
    if (!blas.shared && thread > 0) return; // the library brings its own threads
    const at = args >>> 3, m = numbers[at], n = numbers[at + 1], k = numbers[at + 2];
    const transA = numbers[at + 3], transB = numbers[at + 4];
    const [a, b, c] = [words[tensors >>> 2], words[(tensors >>> 2) + 1], words[(tensors >>> 2) + 2]];
    const { top, bottom, left, right } = shareOf({ m, n }, thread, blas.shared ? threads : 1);
    if (top === bottom || left === right) return;
    blas.sgemm({
      m: bottom - top,
      n: right - left,
      k,
      transA,
      transB,
      a: base + a + 4 * (transA === 0 ? top * k : top),
      b: base + b + 4 * (transB === 0 ? left : left * k),
      c: base + c + 4 * (top * n + left),
      lda: transA === 0 ? k : m,
      ldb: transB === 0 ? n : k,
      ldc: n,
    });
  };
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
