// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/matmul/affine.ts.
 *
 * @module
 */
import { tensor } from "../../wasm/call.ts";
import { ADD, BIAS, GELU } from "./epilogue_wasm.ts";
import { product } from "./matmul_wasm.ts";

/** Computes `y` from `x`, `weight` and `bias`. `args`: M, N, K, 0, 0. */
export function affine(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  product(tensors, args, thread, threads, scratch, tensor(tensors, 3), BIAS, tensor(tensors, 2), 0, false);
}

/**
 * Computes two outputs from `x`, `weight` and `bias`: `y` and the argument of GELU. `args`: M, N, K, 0, 0.
 */
export function affine_gelu(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const bias = tensor(tensors, 2), y = tensor(tensors, 3), before = tensor(tensors, 4);
  product(tensors, args, thread, threads, scratch, before, GELU, bias, y, false);
}

/** Computes `y` from `x`, `weight`, `bias` and `residual`. `args`: M, N, K, 0, 0. */
export function affine_add(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const bias = tensor(tensors, 2), residual = tensor(tensors, 3), y = tensor(tensors, 4);
  product(tensors, args, thread, threads, scratch, y, ADD, bias, residual, false);
}
