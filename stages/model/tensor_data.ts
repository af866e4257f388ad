/**
 * Conversions of values that are written to a device or read from it.
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";

type TensorData = TensorMap[string];

/** Returns a number as an f32 tensor [1]. */
export function scalar(value: number): TensorData {
  return { shape: [1], data: Float32Array.of(value) };
}

/** Returns whole numbers as a u32 tensor. */
export function integers(shape: readonly number[], values: ArrayLike<number>): TensorData {
  return { shape, data: Uint32Array.from(values) };
}

/** Returns the data as a Float32Array; it is copied only if it has another type. */
export function floats(data: TensorData["data"]): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}
