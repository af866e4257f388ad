// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Twins of kernels/ops/elementwise/exp_log.ts and kernels/ops/elementwise/power.ts.
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";
import { exp as exp4, log as log1 } from "../../wasm/exp.ts";
import { loadPart, storePart } from "../../wasm/vector.ts";

const EXP: i32 = 0, EXP_GRAD: i32 = 1, SIGMOID: i32 = 2, SIGMOID_GRAD: i32 = 3, LOG_GRAD: i32 = 4;

/** x -> e^x. args: n. */
export function exp(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  map(EXP, tensor(tensors, 0), tensor(tensors, 0), tensor(tensors, 1), size(args, 0), thread, threads);
}

/** x, dy -> e^x dy. args: n. */
export function exp_grad(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  map(EXP_GRAD, tensor(tensors, 0), tensor(tensors, 1), tensor(tensors, 2), size(args, 0), thread, threads);
}

/** x -> 1 / (1 + e^-x). args: n. */
export function sigmoid(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  map(SIGMOID, tensor(tensors, 0), tensor(tensors, 0), tensor(tensors, 1), size(args, 0), thread, threads);
}

/** x, dy -> y (1 - y) dy. args: n. */
export function sigmoid_grad(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  map(
    SIGMOID_GRAD,
    tensor(tensors, 0),
    tensor(tensors, 1),
    tensor(tensors, 2),
    size(args, 0),
    thread,
    threads,
  );
}

/** x -> log x, in float64: -Infinity at 0, NaN below. args: n. */
export function log(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), y = tensor(tensors, 1), n = size(args, 0);
  const end = first(n, 16, thread + 1, threads) << 2;
  for (let i = first(n, 16, thread, threads) << 2; i < end; i += 4) {
    store<f32>(y + i, <f32> log1(<f64> load<f32>(x + i)));
  }
}

/** x, dy -> dy / x. args: n. */
export function log_grad(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  map(LOG_GRAD, tensor(tensors, 0), tensor(tensors, 1), tensor(tensors, 2), size(args, 0), thread, threads);
}

/** x -> x^(halves / 2). args: n, halves. */
export function power(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), y = tensor(tensors, 1), n = size(args, 0);
  const halves = <i32> load<f64>(args, 8), whole = abs(halves) >> 1;
  let i = first(n, 4, thread, threads) << 2;
  const end = first(n, 4, thread + 1, threads) << 2;
  for (; i < end; i += 16) {
    const rest = (end - i) >> 2, v = rest >= 4 ? v128.load(x + i) : loadPart(x + i, rest, 1);
    let p = f32x4.splat(1);
    for (let k = 0; k < whole; k++) p = f32x4.mul(p, v);
    if ((halves & 1) != 0) p = f32x4.mul(p, f32x4.sqrt(v));
    if (halves < 0) p = f32x4.div(f32x4.splat(1), p);
    if (rest >= 4) v128.store(y + i, p);
    else storePart(y + i, p, rest);
  }
}

function map(kind: i32, x: usize, dy: usize, y: usize, n: usize, thread: i32, threads: i32): void {
  let i = first(n, 4, thread, threads) << 2;
  const end = first(n, 4, thread + 1, threads) << 2;
  for (; i + 16 <= end; i += 16) v128.store(y + i, value(kind, v128.load(x + i), v128.load(dy + i)));
  if (i < end) {
    const rest = (end - i) >> 2;
    storePart(y + i, value(kind, loadPart(x + i, rest, 1), loadPart(dy + i, rest, 0)), rest);
  }
}

function value(kind: i32, x: v128, dy: v128): v128 {
  if (kind == EXP) return exp4(x);
  if (kind == EXP_GRAD) return f32x4.mul(exp4(x), dy);
  if (kind == LOG_GRAD) return f32x4.div(dy, x);
  const y = logistic(x);
  if (kind == SIGMOID) return y;
  return f32x4.mul(f32x4.mul(y, logistic(f32x4.neg(x))), dy);
}

function logistic(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}
