// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/elementwise/glu.ts. `args`: rows, F, and the activation: 0 for SiLU, 1 for
 * GELU.
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";
import { silu, siluGradient } from "../../wasm/math.ts";
import { loadPart, storePart } from "../../wasm/vector.ts";
import { gelu, geluGradient } from "./gelu_wasm.ts";

/** Computes `y` [rows, F] from `x` [rows, 2F]. */
export function glu(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), y = tensor(tensors, 1);
  const rows = size(args, 0), half = size(args, 1) << 2, isSilu = size(args, 2) == 0;
  const end = first(rows, 1, thread + 1, threads);
  for (let row = first(rows, 1, thread, threads); row < end; row++) {
    const gate = x + row * 2 * half, up = gate + half, to = y + row * half;
    if (isSilu) siluRow(gate, up, to, half);
    else geluRow(gate, up, to, half);
  }
}

/** Computes `dx` [rows, 2F] from `x` and `dy` [rows, F]. */
export function glu_grad(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), dy = tensor(tensors, 1), dx = tensor(tensors, 2);
  const rows = size(args, 0), half = size(args, 1) << 2, isSilu = size(args, 2) == 0;
  const end = first(rows, 1, thread + 1, threads);
  for (let row = first(rows, 1, thread, threads); row < end; row++) {
    const gate = x + row * 2 * half, dGate = dx + row * 2 * half, from = dy + row * half;
    if (isSilu) siluGradRow(gate, gate + half, from, dGate, dGate + half, half);
    else geluGradRow(gate, gate + half, from, dGate, dGate + half, half);
  }
}

function siluRow(gate: usize, up: usize, y: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 32 <= bytes; at += 32) {
    const y0 = f32x4.mul(silu(v128.load(gate + at)), v128.load(up + at));
    const y1 = f32x4.mul(silu(v128.load(gate + at, 16)), v128.load(up + at, 16));
    v128.store(y + at, y0);
    v128.store(y + at, y1, 16);
  }
  for (; at + 16 <= bytes; at += 16) {
    v128.store(y + at, f32x4.mul(silu(v128.load(gate + at)), v128.load(up + at)));
  }
  const rest = (bytes - at) >> 2;
  if (rest > 0) {
    storePart(y + at, f32x4.mul(silu(loadPart(gate + at, rest, 0)), loadPart(up + at, rest, 0)), rest);
  }
}

function geluRow(gate: usize, up: usize, y: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 32 <= bytes; at += 32) {
    const y0 = f32x4.mul(gelu(v128.load(gate + at)), v128.load(up + at));
    const y1 = f32x4.mul(gelu(v128.load(gate + at, 16)), v128.load(up + at, 16));
    v128.store(y + at, y0);
    v128.store(y + at, y1, 16);
  }
  for (; at + 16 <= bytes; at += 16) {
    v128.store(y + at, f32x4.mul(gelu(v128.load(gate + at)), v128.load(up + at)));
  }
  const rest = (bytes - at) >> 2;
  if (rest > 0) {
    storePart(y + at, f32x4.mul(gelu(loadPart(gate + at, rest, 0)), loadPart(up + at, rest, 0)), rest);
  }
}

function siluGradRow(gate: usize, up: usize, dy: usize, dGate: usize, dUp: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const x = v128.load(gate + at), g = v128.load(dy + at);
    v128.store(dGate + at, siluGradient(x, f32x4.mul(v128.load(up + at), g)));
    v128.store(dUp + at, f32x4.mul(silu(x), g));
  }
  const rest = (bytes - at) >> 2;
  if (rest == 0) return;
  const x = loadPart(gate + at, rest, 0), g = loadPart(dy + at, rest, 0);
  storePart(dGate + at, siluGradient(x, f32x4.mul(loadPart(up + at, rest, 0), g)), rest);
  storePart(dUp + at, f32x4.mul(silu(x), g), rest);
}

function geluGradRow(gate: usize, up: usize, dy: usize, dGate: usize, dUp: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const x = v128.load(gate + at), g = v128.load(dy + at);
    v128.store(dGate + at, geluGradient(x, f32x4.mul(v128.load(up + at), g)));
    v128.store(dUp + at, f32x4.mul(gelu(x), g));
  }
  const rest = (bytes - at) >> 2;
  if (rest == 0) return;
  const x = loadPart(gate + at, rest, 0), g = loadPart(dy + at, rest, 0);
  storePart(dGate + at, geluGradient(x, f32x4.mul(loadPart(up + at, rest, 0), g)), rest);
  storePart(dUp + at, f32x4.mul(gelu(x), g), rest);
}
