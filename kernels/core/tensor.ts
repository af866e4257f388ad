/**
 * Shapes, element types and data on the host: everything about tensors that does not involve graphs.
 *
 * Letters for sizes, used everywhere in `kernels/`: A (gradient accumulation), B (batch), T (time), C
 * (channels), H (heads), V (vocabulary).
 *
 * @module
 */
import type { BlockLayout } from "./blocks/block_layout.ts";

/** Sizes of the axes from outermost to innermost; rows are contiguous. [] is a scalar. */
export type Shape = readonly number[];

/** Element type. */
export type DType = "f32" | "f16" | "u32";

/** A tensor's shape and element type. */
export interface Spec {
  /** Sizes of the axes, outermost first. */
  readonly shape: Shape;
  /** Element type. */
  readonly dtype: DType;
  /** Layout of a quantised weight, whose `shape` and `dtype` are those of its words. */
  readonly blocks?: BlockLayout;
}

/**
 * What a tensor's memory is for. All kinds except "activation" and "workspace" outlive a run; see
 * `isPersistent()`.
 */
export type MemoryKind =
  | "input"
  | "output"
  | "parameter"
  | "gradient"
  | "optimizer"
  | "cache"
  | "activation"
  | "workspace";

/** Named data on the host. A Uint16Array holds the bits of f16 numbers. */
export type TensorMap = Readonly<
  Record<string, { readonly shape: Shape; readonly data: Float32Array | Uint32Array | Uint16Array }>
>;

/**
 * Error for shapes or element types that do not fit an op. The message names the op, its shapes and what was
 * expected.
 */
export class ShapeError extends Error {
  /** Name of the error class. */
  override readonly name = "ShapeError";
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Returns the size of a tensor's data in bytes. */
export function bytesOf(spec: Spec): number {
  return sizeOf(spec.shape) * (spec.dtype === "f16" ? 2 : 4);
}

/**
 * Alignment of every tensor in memory, in bytes: the strictest that a WebGPU device may require of a binding.
 */
export const slotAlignment = 256;

/** Returns the size of a tensor in memory, in bytes, padded so that another tensor can follow. */
export function slotBytes(spec: Spec): number {
  return Math.ceil(bytesOf(spec) / slotAlignment) * slotAlignment;
}
