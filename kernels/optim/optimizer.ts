/**
 * What an optimizer is: a graph that makes a parameter's next value, so it runs on every engine.
 *
 * @module
 */
import type { Scope } from "../core/graph.ts";
import type { Shape, Tensor } from "../core/tensor.ts";

/** What all of one update's parameters share. */
export interface Now {
  /** [1]. */
  readonly learningRate: Tensor;
  /** [1], f32: 1 for the first update. */
  readonly step: Tensor;
  /** [1]: gradients are multiplied by it (clipping). */
  readonly scale: Tensor;
}

/** A rule to update parameters. */
export interface Optimizer {
  /** As `--optimizer` names it. */
  readonly name: string;
  /** Updates `param` in place and gives it back; its memory is made with `scope.state`. */
  update(scope: Scope, param: Tensor, options: Now & { readonly gradient: Tensor }): Tensor;
}

/** Whether weight decay pulls on a tensor of this shape: matrices yes, biases and norms no. Source: GPT-2's trainers. */
export function decays(shape: Shape): boolean {
  return shape.length >= 2;
}
