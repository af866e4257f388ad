/**
 * Test cases of an op: shapes and attributes that tests and benches run it with.
 *
 * @module
 */
import type { BlockLayout } from "./blocks/block_layout.ts";
import { type Shape, sizeOf, type Spec } from "./tensor.ts";

/**
 * How a test fills an input: with f32 numbers from a normal distribution (the default), with positive f32
 * numbers, with f32 zeros, with u32 numbers below a bound, with the words of random blocks, or with given
 * words.
 */
export type InputFill = "normal" | "positive" | "zeros" | { readonly below: number } | {
  readonly blocks: BlockLayout;
} | { readonly words: Uint32Array };

/** Input shapes and attributes to run an op with. */
export interface Case<A> {
  /** Shapes of the inputs, in order. */
  readonly inputs: readonly Shape[];
  /** The call's attributes. */
  readonly attrs: A;
  /** How each input is filled; default: "normal" for all inputs. */
  readonly fill?: readonly InputFill[];
  /** Indices of the f32 inputs that are constants, for which the op has no gradient; default: none. */
  readonly constants?: readonly number[];
  /** Whether the case is large enough to be timed: benches run such cases, and tests skip them. */
  readonly bench?: boolean;
}

/** Returns shapes and element types of a case's inputs. */
export function caseSpecs(c: Case<any>): readonly Spec[] {
  return c.inputs.map((shape, i) => ({ shape, dtype: typeof c.fill?.[i] === "object" ? "u32" : "f32" }));
}

/** Returns the total number of elements in a case's inputs. */
export function caseSize(c: Case<any>): number {
  return c.inputs.reduce((sum, shape) => sum + sizeOf(shape), 0);
}
