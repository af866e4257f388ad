/**
 * Batch normalization as a layer, with running statistics that stand in for the batch's outside of training.
 *
 * @module
 */
import type { Tensor } from "../../core/graph.ts";
import { reshape } from "../../core/view.ts";
import { batchNorm, normalizeBy } from "../../ops/norm/batch_norm.ts";
import { mul } from "../../ops/elementwise/arith.ts";
import { broadcast } from "../../ops/reduce/reduce.ts";
import { trackMoments } from "../../ops/norm/running_moments.ts";
import type { SequentialLayer } from "./sequential.ts";

/** How a batch is normalized. */
export interface BatchNormOptions {
  /** Share of each batch in the running statistics; default 0.1. */
  readonly momentum?: number;
  /** Added to the variance; default 1e-5. */
  readonly eps?: number;
  /** The variance's divisor is n less this; default 1, as the lectures' own class. */
  readonly ddof?: 0 | 1;
  /** What runs along beside the mean: `running_var` (default) or `running_std`. */
  readonly spread?: "variance" | "std";
  /** First value of the gain; default 1. */
  readonly gain?: number;
  /**
   * Normalizes every position of [B, T, C] by itself, over B alone: the fault of the WaveNet lecture. Default false: over
   * all axes but the last.
   */
  readonly perPosition?: boolean;
}

/** x [..., C] normalized, times gamma plus beta; as the lectures' BatchNorm1d. Buffers running_mean and running_var|std. */
export function batchNormLayer(options: BatchNormOptions = {}): SequentialLayer {
  const { momentum = 0.1, eps = 1e-5, ddof = 1, spread = "variance", gain = 1, perPosition = false } =
    options;
  return (scope, x, { training }) => {
    const channels = x.shape[x.shape.length - 1], positions = perPosition ? x.shape.slice(1, -1) : [];
    const columns = positions.reduce((a, b) => a * b, channels);
    const spreadOut = (t: Tensor) => {
      return positions.length === 0
        ? t
        : reshape(broadcast(t, { shape: [...positions, channels], from: 0, to: positions.length }), [
          columns,
        ]);
    };
    const weights = {
      gain: spreadOut(scope.param("gamma", [channels], { kind: "constant", value: gain })),
      bias: spreadOut(scope.param("beta", [channels], { kind: "zeros" })),
    };
    const running = {
      mean: scope.buffer("running_mean", [columns], { kind: "zeros" }),
      spread: scope.buffer(spread === "std" ? "running_std" : "running_var", [columns], { kind: "ones" }),
    };
    const flat = reshape(x, [x.shape.reduce((a, b) => a * b, 1) / columns, columns]);
    if (training) {
      const { y, mean, variance } = batchNorm(flat, { ...weights, ddof, eps });
      trackMoments(running, { mean, variance, momentum, spread });
      return reshape(y, x.shape);
    }
    const { mean } = running,
      variance = spread === "std" ? mul(running.spread, running.spread) : running.spread;
    return reshape(normalizeBy(flat, { ...weights, mean, variance, eps }), x.shape);
  };
}
