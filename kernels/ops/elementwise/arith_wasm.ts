// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Twins of kernels/ops/elementwise/arith.ts: element i is a[i mod an] op b[i mod bn].
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";

const ADD: i32 = 0, SUB: i32 = 1, MUL: i32 = 2, DIV: i32 = 3;

/** a, b -> a + b. args: n, an, bn. */
export function add(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  share(ADD, tensors, args, thread, threads);
}

/** a, b -> a - b. args: n, an, bn. */
export function sub(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  share(SUB, tensors, args, thread, threads);
}

/** a, b -> a b. args: n, an, bn. */
export function mul(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  share(MUL, tensors, args, thread, threads);
}

/** a, b -> a / b. args: n, an, bn. */
export function div(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  share(DIV, tensors, args, thread, threads);
}

/** The share in runs, within which neither a nor b wraps. */
function share(kind: i32, tensors: usize, args: usize, thread: i32, threads: i32): void {
  const a = tensor(tensors, 0), b = tensor(tensors, 1), y = tensor(tensors, 2);
  const n = size(args, 0), an = size(args, 1), bn = size(args, 2);
  let i = first(n, 4, thread, threads);
  const end = first(n, 4, thread + 1, threads);
  let ai = i % an, bi = i % bn;
  while (i < end) {
    let count = end - i;
    if (an > 1) count = min(count, an - ai);
    if (bn > 1) count = min(count, bn - bi);
    run(kind, a + (ai << 2), an > 1 ? 4 : 0, b + (bi << 2), bn > 1 ? 4 : 0, y + (i << 2), count);
    i += count;
    ai = an > 1 ? ai + count : 0;
    bi = bn > 1 ? bi + count : 0;
    if (ai == an) ai = 0;
    if (bi == bn) bi = 0;
  }
}

/** n elements; a step of 0 repeats one value. */
function run(kind: i32, a: usize, aStep: usize, b: usize, bStep: usize, y: usize, n: usize): void {
  const end = y + (n << 2);
  for (; y + 16 <= end; y += 16, a += aStep << 2, b += bStep << 2) {
    const left = aStep != 0 ? v128.load(a) : v128.load32_splat(a);
    const right = bStep != 0 ? v128.load(b) : v128.load32_splat(b);
    v128.store(y, combine(kind, left, right));
  }
  for (; y < end; y += 4, a += aStep, b += bStep) {
    const value = combine(kind, v128.load32_splat(a), v128.load32_splat(b));
    store<f32>(y, f32x4.extract_lane(value, 0));
  }
}

function combine(kind: i32, a: v128, b: v128): v128 {
  if (kind == ADD) return f32x4.add(a, b);
  if (kind == SUB) return f32x4.sub(a, b);
  if (kind == MUL) return f32x4.mul(a, b);
  return f32x4.div(a, b);
}
