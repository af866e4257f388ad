/**
 * What a tensor is: a shape and a type in a graph. It holds no data; engines do.
 *
 * Letters everywhere in `kernels/`: A accumulation, B batch, T time, C channels, H heads, V vocabulary.
 *
 * @module
 */
import type { Graph } from "./graph.ts";
import type { Call } from "./op.ts";

/** Sizes from outermost to innermost; rows are contiguous. [] is a scalar. */
export type Shape = readonly number[];

/** Element type. */
export type DType = "f32" | "f16" | "u32";

/** A tensor's shape and element type. */
export interface Spec {
  /** Outermost size first. */
  readonly shape: Shape;
  /** Element type. */
  readonly dtype: DType;
}

/** What memory is for; decides whether it outlives a run and is shared by label between programs. */
export type Kind =
  | "input"
  | "output"
  | "parameter"
  | "gradient"
  | "optimizer"
  | "cache"
  | "activation"
  | "workspace";

/** A value in a graph: a leaf (call null) or the output of a call. */
export interface Tensor extends Spec {
  /** The graph it belongs to. */
  readonly graph: Graph;
  /** What makes it; null: a leaf. */
  readonly call: Call | null;
  /** Unique among the leaves of its graph; of a call's output it says where it was made. */
  readonly label: string;
  /** What its memory is for. */
  readonly kind: Kind;
}

/** Named data on the host. Uint16Array holds f16 bits. */
export type TensorMap = Readonly<
  Record<string, { readonly shape: Shape; readonly data: Float32Array | Uint32Array | Uint16Array }>
>;

/** Shapes that do not fit: names the call, the shapes and what would fit. */
export class ShapeError extends Error {
  /** As for every error. */
  override readonly name = "ShapeError";
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Bytes of a tensor's data. */
export function bytesOf(spec: Spec): number {
  return sizeOf(spec.shape) * (spec.dtype === "f16" ? 2 : 4);
}
