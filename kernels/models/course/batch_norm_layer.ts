/**
 * Batch normalization as a layer. It keeps running statistics, which replace the batch's statistics outside
 * of training.
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

/** Options of a batch normalization layer. */
export interface BatchNormOptions {
  /** Weight of each batch in the running statistics; default 0.1. */
  readonly momentum?: number;
  /** Number added to the variance; default 1e-5. */
  readonly eps?: number;
  /** The divisor of the variance is `n - ddof`; default 1, as in the lectures' class. */
  readonly ddof?: 0 | 1;
  /**
   * Running statistic besides the mean: either the variance, which is called `running_var` (default), or the
   * standard deviation, which is called `running_std`.
   */
  readonly spread?: "variance" | "std";
  /** Initial value of the gain; default 1. */
  readonly gain?: number;
  /**
   * Whether to normalize each position of [B, T, C] separately, over B only, which is the bug shown in the
   * WaveNet lecture. Default false: normalize over all axes except the last.
   */
  readonly perPosition?: boolean;
}

/**
 * Returns a layer of batch normalization for inputs [..., C]; it multiplies the result by `gamma` and adds
 * `beta`, as in the lectures' BatchNorm1d. The layer has two buffers: `running_mean`, and either
 * `running_var` or `running_std`.
 */
export function batchNormLayer(options: BatchNormOptions = {}): SequentialLayer {
  const { momentum = 0.1, eps = 1e-5, ddof = 1, spread = "variance", gain = 1, perPosition = false } =
    options;
  return (scope, x, { training }) => {
    const channels = x.shape[x.shape.length - 1], positions = perPosition ? x.shape.slice(1, -1) : [];
    const columns = positions.reduce((a, b) => a * b, channels);
    const perColumn = (t: Tensor) => {
      return positions.length === 0
        ? t
        : reshape(broadcast(t, { shape: [...positions, channels], from: 0, to: positions.length }), [
          columns,
        ]);
    };
    const weights = {
      gain: perColumn(scope.param("gamma", [channels], { kind: "constant", value: gain })),
      bias: perColumn(scope.param("beta", [channels], { kind: "zeros" })),
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
