/**
 * Learning rate as a function of the step: nothing to carry along, nothing to save.
 *
 * @module
 */

/** The learning rate of the update with number `step`, from 0. */
export type Schedule = (step: number) => number;

/** How the rate falls after warm-up. */
export type ScheduleKind = "cosine" | "linear" | "constant" | "wsd";

/** What `schedule` takes. */
export interface ScheduleOptions {
  /** How the rate falls after warm-up. */
  readonly kind: ScheduleKind;
  /** The highest rate. */
  readonly lr: number;
  /** The rate at step `steps` and ever after; default 0. `constant` never falls to it. */
  readonly minLr?: number;
  /** Steps of rising rate; default 0. */
  readonly warmup?: number;
  /** The schedule's length in updates. */
  readonly steps: number;
  /** Step s of warm-up has rate lr·(s+1)/warmupDivisor; default warmup+1. build-nanogpt and llm.c: warmup. */
  readonly warmupDivisor?: number;
  /** For `wsd`: the share of the schedule over which the rate falls; default 0.2. */
  readonly decayShare?: number;
}

/**
 * A schedule: step < warmup has rate lr·(step+1)/(warmup+1); then the rate goes from lr to minLr, which it reaches at
 * step `steps` (the first after the last) and keeps. `cosine`: half a cosine; `linear`: a line; `constant`: lr; `wsd`:
 * lr until the last fifth, then 1 - sqrt. Throws RangeError for a rate, a share or a length that makes no sense.
 * Source: nanoGPT train.py `get_lr`, llm.c schedulers.h.
 *
 * @example
 * ```ts
 * import { schedule } from "./schedule.ts";
 *
 * const rate = schedule({ kind: "cosine", lr: 6e-4, minLr: 6e-5, warmup: 700, steps: 19_073 });
 * rate(0); // 6e-4 / 701
 * ```
 */
export function schedule(options: ScheduleOptions): Schedule {
  const { kind, lr, minLr = 0, warmup = 0, steps, decayShare = 0.2 } = options;
  const divisor = options.warmupDivisor ?? warmup + 1;
  if (!(lr >= 0 && Number.isFinite(lr))) {
    throw new RangeError(`Cannot schedule a learning rate of ${lr}: wanted a number from 0`);
  }
  if (!(minLr >= 0 && minLr <= lr)) {
    throw new RangeError(`Cannot schedule a least learning rate of ${minLr}: wanted 0 to ${lr}, the highest`);
  }
  if (!Number.isInteger(warmup) || warmup < 0) {
    throw new RangeError(`Cannot warm up for ${warmup} steps: wanted a whole number from 0`);
  }
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`Cannot schedule ${steps} steps: wanted a whole number above 0`);
  }
  if (!(divisor > 0) || !(decayShare > 0 && decayShare <= 1)) {
    throw new RangeError(
      `Cannot schedule: warmupDivisor is ${divisor}, wanted above 0; decayShare is ${decayShare}, wanted above 0 to 1`,
    );
  }
  const fallsFrom = kind === "wsd" ? Math.max(warmup, Math.floor((1 - decayShare) * steps)) : warmup;
  return (step) => {
    if (step < warmup) return lr * (step + 1) / divisor;
    if (kind === "constant") return lr;
    if (step >= steps) return minLr;
    if (step < fallsFrom) return lr;
    const share = (step - fallsFrom) / (steps - fallsFrom);
    return minLr + remaining(kind, share) * (lr - minLr);
  };
}

/** What is left of the way from lr down to minLr after `share` of the fall. */
function remaining(kind: Exclude<ScheduleKind, "constant">, share: number): number {
  switch (kind) {
    case "cosine":
      return 0.5 * (1 + Math.cos(Math.PI * share));
    case "linear":
      return 1 - share;
    case "wsd":
      return 1 - Math.sqrt(share);
  }
}
