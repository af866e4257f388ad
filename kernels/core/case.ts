/**
 * Test cases of an op: shapes and attributes that tests and benches run it with.
 *
 * @module
 */
import { type Shape, sizeOf, type Spec } from "./tensor.ts";

/** How a test fills an input: f32 normal (the default), f32 positive, f32 zeros, or u32 below a bound. */
export type InputFill = "normal" | "positive" | "zeros" | { readonly below: number };

/** Input shapes and attributes to run an op with. */
export interface Case<A> {
  /** Shapes of the inputs, in order. */
  readonly inputs: readonly Shape[];
  /** The call's attributes. */
  readonly attrs: A;
  /** How each input is filled; by default all are normal. */
  readonly fill?: readonly InputFill[];
  /** Whether the case is large enough to be timed; benches take these cases and tests leave them out. */
  readonly bench?: boolean;
}

/** Shapes and element types of a case's inputs. */
export function caseSpecs(c: Case<any>): readonly Spec[] {
  return c.inputs.map((shape, i) => ({ shape, dtype: typeof c.fill?.[i] === "object" ? "u32" : "f32" }));
}

/** Total number of elements in a case's inputs. */
export function caseSize(c: Case<any>): number {
  return c.inputs.reduce((sum, shape) => sum + sizeOf(shape), 0);
}
