// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/reduce/reduce.ts. `x` is [outer, n, inner] and `y` is [outer, inner]. Sums are
 * in float32 within fixed blocks and in float64 over the blocks, so neither accuracy nor bits depend on the
 * number of threads.
 *
 * @module
 */
import { columnSums } from "../../wasm/column_sums.ts";
import { first, size, tensor } from "../../wasm/call.ts";
import { fillRun } from "../../wasm/fill.ts";
import { largest, sumRun } from "../../wasm/vector.ts";

/** Computes the sums of `x`. `args`: outer, n, inner. */
export function sum(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  sums(tensors, args, thread, threads, 1, false);
}

/** Adds the sums of `x` to `buffer`, in place. `args`: outer, n, inner. */
export function sum_add(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  sums(tensors, args, thread, threads, 1, true);
}

/** Computes the means of `x`. `args`: outer, n, inner. */
export function mean(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  sums(tensors, args, thread, threads, 1 / <f64> size(args, 1), false);
}

function sums(tensors: usize, args: usize, thread: i32, threads: i32, factor: f64, add: bool): void {
  const x = tensor(tensors, 0), y = tensor(tensors, 1);
  const outer = size(args, 0), n = size(args, 1), inner = size(args, 2);
  if (inner == 1) {
    const end = first(outer, 1, thread + 1, threads);
    for (let o = first(outer, 1, thread, threads); o < end; o++) {
      const at = y + (o << 2);
      store<f32>(at, <f32> ((add ? <f64> load<f32>(at) : 0) + sumRun(x + ((o * n) << 2), n) * factor));
    }
    return;
  }
  const groups = (inner + 15) >> 4, end = first(outer * groups, 1, thread + 1, threads);
  for (let g = first(outer * groups, 1, thread, threads); g < end; g++) {
    const o = g / groups, column = (g % groups) << 4, from = x + ((o * n * inner + column) << 2);
    const width = min(<usize> 16, inner - column), to = y + ((o * inner + column) << 2);
    columnSums(from, inner << 2, n, width, factor, to, add);
  }
}

/** Computes the maxima of `x`. `args`: outer, n, inner. */
export function max(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), y = tensor(tensors, 1);
  const outer = size(args, 0), n = size(args, 1), inner = size(args, 2), total = outer * inner;
  const end = first(total, 16, thread + 1, threads);
  for (let i = first(total, 16, thread, threads); i < end; i++) {
    let from = x + ((i / inner * n * inner + i % inner) << 2);
    let best: f32 = -Infinity, rest = n;
    if (inner == 1) {
      let best4 = f32x4.splat(best);
      for (; rest >= 4; rest -= 4, from += 16) best4 = f32x4.max(best4, v128.load(from));
      best = largest(best4);
    }
    for (; rest > 0; rest--, from += inner << 2) best = builtinMax(best, load<f32>(from));
    store<f32>(y + (i << 2), best);
  }
}

function builtinMax(a: f32, b: f32): f32 {
  return f32.max(a, b); // `max` would be this file's kernel, not the builtin function
}

/** Computes `x` from `y`: repeats each element n times. `args`: outer, n, inner. */
export function broadcast(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const y = tensor(tensors, 0), x = tensor(tensors, 1);
  const outer = size(args, 0), n = size(args, 1), inner = size(args, 2);
  if (inner == 1) {
    let i = first(outer * n, 16, thread, threads);
    const end = first(outer * n, 16, thread + 1, threads);
    while (i < end) {
      const o = i / n, stop = min((o + 1) * n, end);
      fillRun(x + (i << 2), stop - i, load<f32>(y + (o << 2)));
      i = stop;
    }
    return;
  }
  const end = first(outer * n, 1, thread + 1, threads);
  for (let row = first(outer * n, 1, thread, threads); row < end; row++) {
    memory.copy(x + ((row * inner) << 2), y + ((row / n * inner) << 2), inner << 2);
  }
}
