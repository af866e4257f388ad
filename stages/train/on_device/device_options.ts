/**
 * How to train a small net whose data set is kept on the device.
 *
 * @module
 */
import type { Tensor } from "../../../kernels/core/graph.ts";
import type { Scope } from "../../../kernels/core/scope.ts";
import type { TrainableModel } from "../../../kernels/models/model.ts";
import type { Optimizer } from "../../../kernels/optim/optimizer.ts";
import type { Examples } from "./examples.ts";

/** The tokens and targets of one step. */
export interface StepBatch {
  /** Tokens, u32 [B, context]. */
  readonly tokens: Tensor;
  /** Targets, u32 [B] or [B, context]. */
  readonly targets: Tensor;
}

/** Loss and gradients of one step, computed without automatic differentiation. */
export interface ManualStep {
  /** The loss, [1]. */
  readonly loss: Tensor;
  /** Gradients of all parameters, by parameter name. */
  readonly gradients: Readonly<Record<string, Tensor>>;
}

/** A small net, its data, and how to train it. */
export interface DevicePlanOptions {
  /** The net. */
  readonly model: TrainableModel;
  /** The whole data set, with the examples of all splits. */
  readonly examples: Examples;
  /** Number of examples per step. */
  readonly batch: number;
  /** The optimizer. */
  readonly optimizer: Optimizer;
  /** Maximum number of steps between a write and a read; default 1000. */
  readonly chunk?: number;
  /**
   * A term [1] that is added to the loss, such as weight decay. It is computed from parameters in the model's
   * scope.
   */
  readonly penalty?: (scope: Scope) => Tensor;
  /**
   * Computes the loss and the gradients of a step manually; default: automatic differentiation of the model's
   * losses.
   */
  readonly manual?: (scope: Scope, batch: StepBatch) => ManualStep;
  /** Whether to make the program `inspect`, which outputs probes and gradients of a step; default false. */
  readonly inspection?: boolean;
  /** Number of examples per run of `eval`; default 512. */
  readonly evalBatch?: number;
}

/** Returns the maximum number of steps between a write and a read. */
export function stepsPerChunk({ chunk = 1000 }: DevicePlanOptions): number {
  return chunk;
}
