// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernel of kernels/ops/attention/rope.ts.
 *
 * @module
 */
import { first, real, size, tensor } from "../../wasm/call.ts";

/**
 * Computes `y` from `x` [rows, W] and `table` [P, R]. `args`: rows, W, P, R, H, D, whether pairs are
 * interleaved, sign of the angles.
 */
export function rope(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), table = tensor(tensors, 1), y = tensor(tensors, 2);
  const rows = size(args, 0), row = size(args, 1), positions = size(args, 2), rotary = size(args, 3);
  const heads = size(args, 4), width = size(args, 5), interleaved = size(args, 6) != 0, sign = real(args, 7);
  const half = rotary >> 1, end = first(rows, 1, thread + 1, threads);
  for (let i = first(rows, 1, thread, threads); i < end; i++) {
    const cos = table + (((i % positions) * rotary) << 2), sin = cos + (half << 2);
    const from = x + ((i * row) << 2), to = y + ((i * row) << 2);
    for (let head: usize = 0; head < heads; head++) {
      const at = (head * width) << 2;
      if (interleaved) turnNeighbours(from + at, cos, sin, sign, half, to + at);
      else turnHalves(from + at, cos, sin, sign, half, to + at);
      memory.copy(to + at + (rotary << 2), from + at + (rotary << 2), (width - rotary) << 2);
    }
    const turned = (heads * width) << 2;
    memory.copy(to + turned, from + turned, (row << 2) - turned);
  }
}

function turnHalves(x: usize, cos: usize, sin: usize, sign: f32, half: usize, y: usize): void {
  const by = f32x4.splat(sign), distance = half << 2, whole = (half & ~3) << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const a = v128.load(x + at), b = v128.load(x + at + distance);
    const c = v128.load(cos + at), s = f32x4.mul(v128.load(sin + at), by);
    v128.store(y + at, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)));
    v128.store(y + at + distance, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)));
  }
  for (; at < distance; at += 4) turnPair(x + at, cos + at, sin + at, sign, distance, y + at);
}

function turnNeighbours(x: usize, cos: usize, sin: usize, sign: f32, half: usize, y: usize): void {
  const by = f32x4.splat(sign), whole = (half & ~3) << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const low = v128.load(x + 2 * at), high = v128.load(x + 2 * at, 16);
    const a = v128.shuffle<f32>(low, high, 0, 2, 4, 6), b = v128.shuffle<f32>(low, high, 1, 3, 5, 7);
    const c = v128.load(cos + at), s = f32x4.mul(v128.load(sin + at), by);
    const a1 = f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)), b1 = f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s));
    v128.store(y + 2 * at, v128.shuffle<f32>(a1, b1, 0, 4, 1, 5));
    v128.store(y + 2 * at, v128.shuffle<f32>(a1, b1, 2, 6, 3, 7), 16);
  }
  for (; at < half << 2; at += 4) turnPair(x + 2 * at, cos + at, sin + at, sign, 4, y + 2 * at);
}

/** Turns two numbers that are `distance` bytes apart. */
function turnPair(x: usize, cos: usize, sin: usize, sign: f32, distance: usize, y: usize): void {
  const a = load<f32>(x), b = load<f32>(x + distance), c = load<f32>(cos), s = load<f32>(sin) * sign;
  store<f32>(y, a * c - b * s);
  store<f32>(y + distance, b * c + a * s);
}
