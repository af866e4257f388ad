/**
 * Samples a token from logits: greedily, or from the softmax, restricted by top-k, top-p or min-p. The
 * filters apply in Hugging Face's order: repetition penalty, temperature, top-k, top-p, min-p. The penalties
 * and the bias of OpenAI's API follow the repetition penalty. Sources: top-k of Fan et al. 2018, top-p of
 * Holtzman et al. 2019, repetition penalty of Keskar et al. 2019, min-p of Nguyen et al. 2024.
 *
 * @module
 */
import { likeliest } from "./top_k.ts";

/** How to sample tokens. */
export interface SamplingOptions {
  /** Divisor of the logits. If it is 0, the likeliest token is always taken. Default 1. */
  readonly temperature?: number;
  /** Number of likeliest tokens to draw from. 0 (default) means all tokens. */
  readonly topK?: number;
  /**
   * Total probability of the tokens to draw from: the likeliest tokens are taken until their probabilities
   * reach this sum. 1 (default) means all tokens.
   */
  readonly topP?: number;
  /**
   * Minimum probability of the tokens to draw from, as a fraction of the likeliest token's probability. 0
   * (default) means all tokens.
   */
  readonly minP?: number;
  /**
   * Penalty for tokens that the text already contains: positive logits of these tokens are divided by the
   * penalty, and negative ones are multiplied by it. Above 1, tokens repeat less often. Default 1.
   */
  readonly repetitionPenalty?: number;
  /** Subtracted from the logit of each token that has been generated. Default 0. */
  readonly presencePenalty?: number;
  /** Subtracted from the logit of a token for each time that it has been generated. Default 0. */
  readonly frequencyPenalty?: number;
  /** Added to the logits of these tokens; -Infinity excludes a token. Default: none. */
  readonly logitBias?: ReadonlyMap<number, number>;
}

/** How to sample one token. */
export interface SampleTokenOptions extends SamplingOptions {
  /** Uniform random number in [0, 1). */
  readonly draw: number;
  /** Tokens that the text already has, each once; for the repetition penalty. */
  readonly seen?: Iterable<number>;
  /** How often each token has been generated; for the presence and frequency penalties. */
  readonly counts?: ReadonlyMap<number, number>;
}

/**
 * The tokens that can be sampled. `sampleToken` adds up their weights in this order until the sum reaches the
 * random number.
 */
export interface Candidates {
  /** Token ids. */
  readonly ids: Uint32Array;
  /** Probability of each token, divided by that of the likeliest token. */
  readonly weights: Float64Array;
}

/**
 * Throws RangeError unless temperature is at least 0, `topK` is an integer of at least 0, `topP` is greater
 * than 0 and at most 1, `minP` is at least 0 and at most 1, `repetitionPenalty` is greater than 0, and the
 * other penalties and biases are numbers.
 */
export function checkSamplingOptions(options: SamplingOptions): void {
  const { temperature = 1, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 } = options;
  const { presencePenalty = 0, frequencyPenalty = 0, logitBias = new Map() } = options;
  if (!(temperature >= 0 && Number.isFinite(temperature))) {
    throw new RangeError(`Cannot sample at temperature ${temperature}: wanted a number of at least 0`);
  }
  if (!Number.isInteger(topK) || topK < 0) {
    throw new RangeError(
      `Cannot sample from the top ${topK}: wanted a whole number of at least 0 (0: all tokens)`,
    );
  }
  if (!(topP > 0 && topP <= 1)) {
    throw new RangeError(`Cannot sample with top-p ${topP}: wanted a number greater than 0 and at most 1`);
  }
  if (!(minP >= 0 && minP <= 1)) {
    throw new RangeError(`Cannot sample with min-p ${minP}: wanted a number from 0 to 1`);
  }
  if (!(repetitionPenalty > 0 && Number.isFinite(repetitionPenalty))) {
    throw new RangeError(
      `Cannot sample with repetition penalty ${repetitionPenalty}: wanted a number greater than 0 (1: no penalty)`,
    );
  }
  if (!Number.isFinite(presencePenalty) || !Number.isFinite(frequencyPenalty)) {
    throw new RangeError(
      `Cannot sample with penalties ${presencePenalty} and ${frequencyPenalty}: wanted numbers (0: no penalty)`,
    );
  }
  for (const [id, bias] of logitBias) {
    if (Number.isNaN(bias) || bias === Infinity) {
      throw new RangeError(`Cannot add ${bias} to the logit of token ${id}: wanted a number or -Infinity`);
    }
  }
}

/**
 * Returns the token that `draw` selects; of equal logits, the lower id comes first. Throws the same errors as
 * `checkSamplingOptions()`, and RangeError if all logits are NaN.
 */
export function sampleToken(logits: Float32Array, options: SampleTokenOptions): number {
  checkSamplingOptions(options);
  const { ids, weights } = candidates(logits, options);
  let left = options.draw * weights.reduce((a, b) => a + b, 0);
  for (let i = 0; i < ids.length; i++) {
    left -= weights[i];
    if (left < 0) return ids[i];
  }
  return ids[weights.findLastIndex((weight) => weight > 0)]; // reached only because of rounding
}

/**
 * Returns the tokens that `sampleToken` chooses from; at temperature 0, this is only the likeliest token.
 * Throws RangeError if all logits are NaN.
 */
export function candidates(logits: Float32Array, options: Omit<SampleTokenOptions, "draw">): Candidates {
  const { temperature = 1, topK = 0, topP = 1, minP = 0 } = options;
  const scores = penalized(logits, options);
  let best = 0;
  for (let id = 1; id < scores.length; id++) {
    if (scores[id] > scores[best] || Number.isNaN(scores[best])) best = id;
  }
  if (Number.isNaN(scores[best] ?? NaN)) throw new RangeError("Cannot sample a token: all logits are NaN");
  if (temperature === 0) return { ids: Uint32Array.of(best), weights: Float64Array.of(1) };

  const weightOf = (id: number) => id === best ? 1 : Math.exp((scores[id] - scores[best]) / temperature) || 0;
  const withWeights = (ids: Uint32Array) => ({ ids, weights: Float64Array.from(ids, weightOf) });
  let allowed: Candidates;
  if (topK > 0) allowed = nucleus(withWeights(likeliest(scores, topK)), topP);
  else {
    allowed = withWeights(Uint32Array.from(scores, (_, id) => id));
    if (topP < 1) {
      allowed = nucleusOfAll(allowed, {
        topP,
        first: (count) => withWeights(likeliest(scores, count)),
      });
    }
  }
  if (minP === 0) return allowed;
  const { ids, weights } = allowed;
  return {
    ids: ids.filter((_, i) => weights[i] >= minP),
    weights: weights.filter((weight) => weight >= minP),
  };
}

/**
 * Returns the first candidates whose weights reach `topP` of `total`; candidates come in descending order.
 */
function nucleus({ ids, weights }: Candidates, topP: number, total: number = sumOf(weights)): Candidates {
  if (topP === 1) return { ids, weights };
  let mass = 0, end = 0;
  while (end < ids.length && mass < topP * total) mass += weights[end++];
  return { ids: ids.subarray(0, end), weights: weights.subarray(0, end) };
}

/**
 * Works like `nucleus`, but for tokens in any order. Sorts only as many of the likeliest tokens as it needs
 * to reach `topP`.
 */
function nucleusOfAll(
  all: Candidates,
  { topP, first }: { readonly topP: number; readonly first: (count: number) => Candidates },
): Candidates {
  const total = sumOf(all.weights), size = all.ids.length;
  for (let count = Math.min(64, size);; count = Math.min(8 * count, size)) {
    const allowed = first(count);
    if (count === size || sumOf(allowed.weights) >= topP * total) return nucleus(allowed, topP, total);
  }
}

function penalized(
  logits: Float32Array,
  { repetitionPenalty = 1, presencePenalty = 0, frequencyPenalty = 0, logitBias, seen = [], counts }: Omit<
    SampleTokenOptions,
    "draw"
  >,
): Float32Array {
  const isCounted = presencePenalty !== 0 || frequencyPenalty !== 0;
  if (repetitionPenalty === 1 && !isCounted && logitBias === undefined) return logits;
  const scores = logits.slice();
  const change = (id: number, changed: (logit: number) => number): void => {
    if (id < scores.length) scores[id] = changed(scores[id]);
  };
  if (repetitionPenalty !== 1) {
    for (const id of seen) {
      change(id, (logit) => logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty);
    }
  }
  for (const [id, count] of isCounted && counts || []) {
    change(id, (logit) => logit - presencePenalty - frequencyPenalty * count);
  }
  for (const [id, bias] of logitBias ?? []) change(id, (logit) => logit + bias);
  return scores;
}

function sumOf(weights: Float64Array): number {
  return weights.reduce((a, b) => a + b, 0);
}
