/**
 * Running statistics of batch normalization: moving averages of the moments of batches.
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import { define } from "../../core/op.ts";
import type { Op, Tensor } from "../../core/graph.ts";
import { ShapeError, sizeOf } from "../../core/tensor.ts";
import { expectF32 } from "../specs.ts";

/** Attributes of `running_moments`. */
export interface RunningMomentsAttrs {
  /** Weight of the new batch, at least 0 and at most 1. */
  readonly momentum: number;
  /** Whether the running spread is a variance or a standard deviation. */
  readonly spread: "variance" | "std";
  /**
   * Factor that the batch's variance is first multiplied by. PyTorch normalizes with divisor `n` but tracks a
   * variance with divisor `n - 1`, a factor of `n / (n - 1)`. Default 1.
   */
  readonly factor?: number;
}

/** Running statistics, [C] each. */
export interface RunningMoments {
  /** Running mean. */
  readonly mean: Tensor;
  /** Running variance or standard deviation. */
  readonly spread: Tensor;
}

/**
 * Updates running statistics with the moments of a batch, in place:
 * `running = (1 - momentum) · running + momentum · batch`. Throws ShapeError if sizes differ, and RangeError
 * unless the momentum is at least 0 and at most 1 and the factor is greater than 0.
 */
export function trackMoments(
  running: RunningMoments,
  { mean, variance, ...attrs }: { readonly mean: Tensor; readonly variance: Tensor } & RunningMomentsAttrs,
): void {
  callTrack([running.mean, running.spread, mean, variance], attrs);
}

/** Updates the running mean and the running spread, in place, from `mean` and `variance`. */
export const runningMomentsOp: Op<RunningMomentsAttrs> = {
  name: "running_moments",
  inPlace: [0, 1],
  infer: (inputs, { momentum, factor = 1 }) => {
    const [mean, spread, batchMean, variance] = inputs;
    expectF32("running_moments", { mean, spread, batchMean, variance });
    if (inputs.some(({ shape }) => sizeOf(shape) !== sizeOf(mean.shape))) {
      throw new ShapeError(
        `Cannot track moments: got ${
          inputs.map(({ shape }) => `[${shape}]`).join(", ")
        }: sizes must be equal`,
      );
    }
    if (!(momentum >= 0 && momentum <= 1) || !(factor > 0)) {
      throw new RangeError(
        `Cannot track moments with momentum ${momentum}, factor ${factor}: wanted a momentum from 0 to 1 and a factor above 0`,
      );
    }
    return [mean, spread].map(({ shape }) => ({ shape, dtype: "f32" as const }));
  },
  reference: ([mean, spread, batchMean, variance], { attrs: { momentum, spread: kind, factor = 1 } }) => {
    const of = (v: number) => kind === "std" ? Math.sqrt(v * factor) : v * factor;
    return [
      mean.map((m, i) => (1 - momentum) * m + momentum * batchMean[i]),
      spread.map((s, i) => (1 - momentum) * s + momentum * of(variance[i])),
    ];
  },
  wgsl: (call) => {
    const { momentum, spread, factor = 1 } = call.attrs, scaled = `in3[i] * f32(${factor})`;
    return flat(
      call,
      `in0[i] = f32(${1 - momentum}) * in0[i] + f32(${momentum}) * in2[i];
  in1[i] = f32(${1 - momentum}) * in1[i] + f32(${momentum}) * ${
        spread === "std" ? `sqrt(${scaled})` : scaled
      };`,
    );
  },
  wasm: (call) => {
    const { momentum, spread, factor = 1 } = call.attrs;
    return [sizeOf(call.outputs[0].shape), momentum, spread === "std" ? 1 : 0, factor];
  },
  cases: [
    { inputs: Array(4).fill([7]), attrs: { momentum: 0.1, spread: "variance" }, fill: fills() },
    { inputs: Array(4).fill([131]), attrs: { momentum: 0.001, spread: "std" }, fill: fills() },
    { inputs: Array(4).fill([5]), attrs: { momentum: 0.5, spread: "variance", factor: 1.5 }, fill: fills() },
  ],
};

const callTrack = define(runningMomentsOp);

function fills(): readonly ("normal" | "positive")[] {
  return ["normal", "positive", "normal", "positive"];
}
