/**
 * The mask of dropout. Whether an element is dropped is a function of a key (each place in the model that
 * uses dropout has its own), the index of the micro-batch, and the element's row and column. So no mask is
 * stored, and the backward pass and every engine compute the same mask, bit for bit.
 *
 * The element in row `r` and column `c` uses word `c mod 4` of Philox4x32-10 with counter (r, draw, 0,
 * `1 + ⌊c / 4⌋`); it is dropped if the word is below `rate · 2^32`. The key and the index of the micro-batch
 * (`draw`) are in device memory, so all places run the same kernel, and each run of a program uses new masks.
 *
 * @module
 */
import { philox4x32 } from "../../random/philox.ts";
import { ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import type { Tensor } from "../../core/graph.ts";
import { expectU32 } from "../specs.ts";

/** Inputs of dropout besides the values. */
export interface Dropout {
  /** Fraction of elements to drop, at least 0 and less than 1. */
  readonly rate: number;
  /** Philox key of a place in the model, u32 [2]: the seed and a hash of the place's name. */
  readonly key: Tensor;
  /** Index of the micro-batch in the run, u32 [1]. */
  readonly draw: Tensor;
}

/**
 * Constants of a dropout rate: elements whose word is below `threshold` are dropped, and the others are
 * multiplied by `scale`.
 */
export interface DropoutConstants {
  /** Threshold for words, 1 … 2^32 - 1. */
  readonly threshold: number;
  /** Factor for the elements that are not dropped, `1 / (1 - rate)`. */
  readonly scale: number;
}

/** Returns the constants of a dropout rate. Throws RangeError unless `0 < rate < 1`. */
export function dropoutConstants(rate: number): DropoutConstants {
  if (!(rate > 0 && rate < 1)) {
    throw new RangeError(`Cannot use dropout rate ${rate}: wanted a number greater than 0 and less than 1`);
  }
  const threshold = Math.min(Math.max(1, Math.floor(rate * 2 ** 32)), 2 ** 32 - 1);
  return { threshold, scale: 1 / (1 - rate) };
}

/** Returns the factor, in float64, that each element is multiplied by: 0 or `1 / (1 - rate)`. */
export function maskOf(
  rate: number,
  { key, draw: [draw] }: { readonly key: Float64Array; readonly draw: Float64Array },
): (row: number, column: number) => number {
  const { threshold, scale } = dropoutConstants(rate);
  let at = "", words: readonly number[] = [];
  return (row, column) => {
    const group = Math.floor(column / 4);
    if (at !== `${row} ${group}`) {
      at = `${row} ${group}`;
      words = philox4x32([row, draw, 0, 1 + group], [key[0], key[1]]);
    }
    return words[column % 4] < threshold ? 0 : scale;
  };
}

/** Throws ShapeError unless `key` is u32 [2] and `draw` is u32 [1]. */
export function expectRandomness(
  op: string,
  { key, draw }: { readonly key: Spec; readonly draw: Spec },
): void {
  expectU32(op, { key, draw });
  if (sizeOf(key.shape) === 2 && sizeOf(draw.shape) === 1) return;
  throw new ShapeError(
    `Cannot call ${op}: key is [${key.shape}], draw is [${draw.shape}]: wanted [2] and [1]`,
  );
}

/**
 * Returns WGSL functions `philox(counter, key)` and `dropout_words(row, group)`, which returns the words of
 * columns `4·group` … `4·group + 3`. They read the bindings named by `key` and `draw`. WGSL has no 64-bit
 * product, so the upper half is computed from products of 16-bit halves.
 */
export function maskFunctions({ key, draw }: { readonly key: string; readonly draw: string }): string {
  return `${philoxFunctions}
fn dropout_words(row: u32, group: u32) -> vec4u {
  return philox(vec4u(row, ${draw}[0], 0u, 1u + group), vec2u(${key}[0], ${key}[1]));
}`;
}

/** WGSL function `philox(counter, key)`, Philox4x32-10 as in kernels/random/philox.ts. */
export const philoxFunctions = `fn philox_high(a: vec2u, b: vec2u) -> vec2u {
  let a_low = a & vec2u(0xffffu);
  let a_high = a >> vec2u(16u);
  let b_low = b & vec2u(0xffffu);
  let b_high = b >> vec2u(16u);
  let middle = a_high * b_low + ((a_low * b_low) >> vec2u(16u));
  let middle2 = a_low * b_high + (middle & vec2u(0xffffu));
  return a_high * b_high + (middle >> vec2u(16u)) + (middle2 >> vec2u(16u));
}
fn philox(counter: vec4u, key: vec2u) -> vec4u {
  let multiplier = vec2u(0xd2511f53u, 0xcd9e8d57u);
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let high = philox_high(multiplier, c.xz);
    let low = multiplier * c.xz;
    c = vec4u(high.y ^ c.y ^ k.x, low.y, high.x ^ c.w ^ k.y, low.x);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}`;
