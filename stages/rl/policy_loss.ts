/**
 * Losses of policy gradients, as functions of the log probability of each token, with their derivatives. A
 * first pass of the model gives the log probabilities; the update then needs only cross entropy with the
 * derivatives as weights, which makes each of these losses exact.
 *
 * Sources: REINFORCE as in nanochat; RLOO of Ahmadian et al. 2024; GRPO of Shao et al. 2024; BNPO, Dr. GRPO
 * of Liu et al. 2025, DAPO of Yu et al. 2025, GSPO of Zheng et al. 2025 and CISPO of MiniMax 2025, as in TRL.
 *
 * @module
 */
import { estimate, type KlKind } from "./kl.ts";

/** The algorithms. */
export const algorithms = [
  "reinforce",
  "rloo",
  "grpo",
  "bnpo",
  "dr-grpo",
  "dapo",
  "gspo",
  "cispo",
] as const;

/** The name of an algorithm. */
export type Algorithm = typeof algorithms[number];

/** Log probabilities and advantages of answers, [rows, T]. */
export interface PolicyBatch {
  /** Number of tokens in a row. */
  readonly length: number;
  /** Log probability of each token under the policy, in nats. */
  readonly logps: ArrayLike<number>;
  /** The same under the policy that generated the tokens. */
  readonly old: ArrayLike<number>;
  /** The same under the reference; needed where `beta` is above 0. */
  readonly reference?: ArrayLike<number>;
  /** 1 for each token that the policy chose, 0 for all others. */
  readonly mask: ArrayLike<number>;
  /** Advantage of each row. */
  readonly advantages: readonly number[];
}

/** How a loss is computed. */
export interface PolicyLossOptions {
  /** The algorithm. */
  readonly algorithm: Algorithm;
  /** Whether the ratio is that of a whole answer. Default: for gspo alone. */
  readonly level?: "token" | "sequence";
  /** How far the ratio may fall below 1. Default 0.2. */
  readonly epsilon?: number;
  /** How far the ratio may rise above 1; for cispo, the highest ratio. Default: `epsilon`. */
  readonly epsilonHigh?: number;
  /** Factor of the divergence from the reference. Default 0. */
  readonly beta?: number;
  /** Estimator of the divergence. Default "k3". */
  readonly kl?: KlKind;
  /** Whether the divergence is multiplied by the ratio, which corrects its gradient. Default true. */
  readonly correctKl?: boolean;
  /** Longest answer in tokens, for dr-grpo. Default: the length of a row. */
  readonly maxLength?: number;
  /** Number of tokens of the whole update that count, for dapo and cispo. Default: those of this batch. */
  readonly items?: number;
}

/** A loss, its derivatives and what is logged. */
export interface PolicyLoss {
  readonly loss: number;
  /** Derivative with respect to each log probability, [rows, T]. */
  readonly gradient: Float64Array;
  /** Mean divergence from the reference per token; 0 without one. */
  readonly kl: number;
  /** Share of ratios below the range, with a negative advantage. */
  readonly clippedLow: number;
  /** Share of ratios above the range, with a positive advantage. */
  readonly clippedHigh: number;
}

/** Returns the loss of a batch. Throws RangeError if `beta` is above 0 without a reference. */
export function policyLoss(batch: PolicyBatch, options: PolicyLossOptions): PolicyLoss {
  const { logps, old, reference, mask, advantages, length } = batch;
  const { algorithm, beta = 0, kl: kind = "k3", correctKl = true } = options;
  if (beta > 0 && reference === undefined) {
    throw new RangeError(`Cannot measure the divergence of beta ${beta}: there is no reference`);
  }
  const gradient = new Float64Array(logps.length), rows = advantages.length;
  const share = sharesOf(batch, options);
  const isSequence = (options.level ?? (algorithm === "gspo" ? "sequence" : "token")) === "sequence";
  let loss = 0, divergence = 0, low = 0, high = 0, counted = 0, tokens = 0;
  for (let row = 0; row < rows; row++) {
    const places = placesOf(mask, { row, length }), n = places.length, advantage = advantages[row];
    if (n === 0) continue;
    const logRatio = (i: number) => logps[i] - old[i];
    const whole = Math.exp(places.reduce((sum, i) => sum + logRatio(i), 0) / n);
    /** Adds a derivative with respect to the logarithm of a token's ratio. */
    const add = (i: number, slope: number): void => {
      if (!isSequence) gradient[i] += slope;
      else for (const k of places) gradient[k] += slope / n;
    };
    const clips = (ratio: number): void => {
      const { lowest, highest } = rangeOf(options);
      low += Number(ratio < lowest && advantage < 0);
      high += Number(ratio > highest && advantage > 0);
      counted++;
    };
    if (isSequence) clips(whole);
    for (const i of places) {
      const ratio = isSequence ? whole : Math.exp(logRatio(i)), weight = share(row, n);
      if (!isSequence) clips(ratio);
      const term = termOf({ ratio, advantage, logp: logps[i] }, options);
      loss += weight * term.value;
      if (term.ofLogp !== 0) gradient[i] += weight * term.ofLogp;
      if (term.ofRatio !== 0) add(i, weight * term.ofRatio * ratio);
      tokens++;
      if (beta === 0 || reference === undefined) continue;
      const { value, slope } = estimate(kind, { logp: logps[i], reference: reference[i] });
      const factor = correctKl ? ratio : 1;
      divergence += value * factor;
      loss += weight * beta * value * factor;
      gradient[i] += weight * beta * slope * factor;
      if (correctKl) add(i, weight * beta * value * ratio);
    }
  }
  const mean = (sum: number, of: number) => of === 0 ? 0 : sum / of;
  return {
    loss,
    gradient,
    kl: mean(divergence, tokens),
    clippedLow: mean(low, counted),
    clippedHigh: mean(high, counted),
  };
}

/** Value of a token's term, and its derivatives with respect to its ratio and its log probability. */
function termOf(
  { ratio, advantage, logp }: { readonly ratio: number; readonly advantage: number; readonly logp: number },
  options: PolicyLossOptions,
): { readonly value: number; readonly ofRatio: number; readonly ofLogp: number } {
  const { algorithm } = options, { lowest, highest } = rangeOf(options);
  if (algorithm === "reinforce" || algorithm === "rloo") {
    return { value: -advantage * logp, ofRatio: 0, ofLogp: -advantage };
  }
  if (algorithm === "cispo") {
    const fixed = Math.min(ratio, options.epsilonHigh ?? options.epsilon ?? 0.2);
    return { value: -fixed * advantage * logp, ofRatio: 0, ofLogp: -fixed * advantage };
  }
  const clipped = Math.min(Math.max(ratio, lowest), highest);
  const isFree = ratio === clipped || ratio * advantage < clipped * advantage;
  return {
    value: -Math.min(ratio * advantage, clipped * advantage),
    ofRatio: isFree ? -advantage : 0,
    ofLogp: 0,
  };
}

function rangeOf({ epsilon = 0.2, epsilonHigh = epsilon }: PolicyLossOptions) {
  return { lowest: 1 - epsilon, highest: 1 + epsilonHigh };
}

/** Returns what a token's term counts in the loss, by its row and the row's number of tokens. */
function sharesOf(
  { mask, advantages, length }: PolicyBatch,
  { algorithm, maxLength = length, items }: PolicyLossOptions,
): (row: number, count: number) => number {
  const rows = advantages.length;
  const tokens = Array.prototype.reduce.call(mask, (sum: any, x: any) => sum + Number(x !== 0), 0) as number;
  switch (algorithm) {
    case "grpo":
    case "gspo":
      return (_, count) => 1 / (rows * count);
    case "rloo":
      return () => 1 / rows;
    case "dr-grpo":
      return () => 1 / (rows * maxLength);
    case "reinforce":
    case "bnpo":
      return () => 1 / tokens;
    case "dapo":
    case "cispo":
      return () => 1 / (items ?? tokens);
  }
}

function placesOf(
  mask: ArrayLike<number>,
  { row, length }: { readonly row: number; readonly length: number },
): readonly number[] {
  const places: number[] = [];
  for (let i = row * length; i < (row + 1) * length; i++) if (mask[i] !== 0) places.push(i);
  return places;
}
