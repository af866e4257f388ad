/**
 * The derivative of a function of one variable: by difference, as the first lesson begins, and by micrograd.
 *
 * @module
 */
import { value } from "../../../../kernels/models/course/micrograd.ts";

/** Estimates of a derivative, and the exact one. */
export interface Slopes {
  /** `(f(x + h) - f(x)) / h`. */
  readonly forward: number;
  /** `(f(x + h) - f(x - h)) / 2h`. */
  readonly symmetric: number;
  /** The `grad` that micrograd's backward pass finds. */
  readonly backward: number;
}

/** The function `0.2x³ - 0.5x² - x + 3`, computed by micrograd. */
export function curveAt(x: number): number {
  return graphAt(x).result.data;
}

/** Returns the slopes at x for a distance h. */
export function slopesAt(x: number, h: number): Slopes {
  const { result, input } = graphAt(x);
  result.backward();
  return {
    forward: (curveAt(x + h) - curveAt(x)) / h,
    symmetric: (curveAt(x + h) - curveAt(x - h)) / (2 * h),
    backward: input.grad,
  };
}

function graphAt(x: number) {
  const input = value(x, "x");
  const result = input.pow(3).mul(0.2).add(input.mul(input).mul(-0.5)).add(input.mul(-1)).add(3);
  return { input, result };
}
