/**
 * The learning rate as a function of the step. It has no state that a checkpoint would have to save.
 *
 * @module
 */

/** The learning rate of update number `step`, counted from 0. */
export type Schedule = (step: number) => number;

/** How the learning rate falls after warm-up; `wsd` is warmup-stable-decay. */
export type ScheduleKind = "cosine" | "linear" | "constant" | "wsd";

/** The shape and length of a schedule. */
export interface ScheduleOptions {
  /** How the learning rate falls after warm-up. */
  readonly kind: ScheduleKind;
  /** The highest learning rate. */
  readonly lr: number;
  /** The learning rate from step `steps` on; default 0. `constant` ignores it. */
  readonly minLr?: number;
  /** Number of updates over which the learning rate rises to `lr`; default 0. */
  readonly warmup?: number;
  /** Length of the schedule in updates, warm-up included. */
  readonly steps: number;
  /**
   * Divisor of the learning rate during warm-up, which is `lr·(s+1)/warmupDivisor` at step `s`; default
   * `warmup+1`. build-nanogpt and llm.c divide by warmup.
   */
  readonly warmupDivisor?: number;
  /** For `wsd`, the fraction of the schedule over which the learning rate falls; default 0.2. */
  readonly decayFraction?: number;
}

/**
 * Makes a schedule. During warm-up the rate is `lr·(step+1)/(warmup+1)`. After warm-up it falls from `lr` to
 * `minLr`, which it reaches at step `steps` (the step after the last update) and then keeps. `cosine` falls
 * along half a cosine, `linear` along a line; `constant` stays at `lr`; `wsd` stays at `lr` until the last
 * fifth, over which the rate falls as `1 - √x` for `x` from 0 to 1. Throws RangeError for a rate, fraction or
 * length out of range. Source: nanoGPT train.py `get_lr`, llm.c schedulers.h.
 *
 * @example
 * ```ts
 * import { schedule } from "@stagewise/gpt";
 *
 * const rate = schedule({ kind: "cosine", lr: 6e-4, minLr: 6e-5, warmup: 700, steps: 19_073 });
 * console.log(rate(699)); // 0.0005991440798858773
 * ```
 */
export function schedule(options: ScheduleOptions): Schedule {
  const { kind, lr, minLr = 0, warmup = 0, steps, decayFraction = 0.2 } = options;
  const divisor = options.warmupDivisor ?? warmup + 1;
  if (!(lr >= 0 && Number.isFinite(lr))) {
    throw new RangeError(`Cannot schedule a learning rate of ${lr}: wanted 0 or more`);
  }
  if (!(minLr >= 0 && minLr <= lr)) {
    throw new RangeError(
      `Cannot schedule a minimum learning rate of ${minLr}: wanted a number from 0 to ${lr}, the highest learning rate`,
    );
  }
  if (!Number.isInteger(warmup) || warmup < 0) {
    throw new RangeError(`Cannot warm up for ${warmup} steps: wanted a whole number of at least 0`);
  }
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`Cannot schedule ${steps} steps: wanted a whole number above 0`);
  }
  if (!(divisor > 0) || !(decayFraction > 0 && decayFraction <= 1)) {
    throw new RangeError(
      `Cannot schedule: warmupDivisor is ${divisor}, wanted greater than 0; decayFraction is ${decayFraction}, wanted greater than 0 and at most 1`,
    );
  }
  const fallsFrom = kind === "wsd" ? Math.max(warmup, Math.floor((1 - decayFraction) * steps)) : warmup;
  return (step) => {
    if (step < warmup) return lr * (step + 1) / divisor;
    if (kind === "constant") return lr;
    if (step >= steps) return minLr;
    if (step < fallsFrom) return lr;
    const fraction = (step - fallsFrom) / (steps - fallsFrom);
    return minLr + remaining(kind, fraction) * (lr - minLr);
  };
}

/** Returns the fraction of `lr - minLr` that is left after `fraction` of the decay steps. */
function remaining(kind: Exclude<ScheduleKind, "constant">, fraction: number): number {
  switch (kind) {
    case "cosine":
      return 0.5 * (1 + Math.cos(Math.PI * fraction));
    case "linear":
      return 1 - fraction;
    case "wsd":
      return 1 - Math.sqrt(fraction);
  }
}
