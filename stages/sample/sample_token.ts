/**
 * From logits to one token: greedy, or drawn from the softmax, cut to the likeliest by number, by probability together or
 * by probability against the best. Filters come in Hugging Face's order: repetition penalty, temperature, top-k, top-p,
 * min-p. Sources: top-k of Fan et al. 2018, top-p of Holtzman et al. 2019, repetition penalty of Keskar et al. 2019,
 * min-p of Nguyen et al. 2024.
 *
 * @module
 */
import { likeliest } from "./top_k.ts";

/** How freely to draw. */
export interface SamplingOptions {
  /** Logits are divided by it; 0: always the likeliest. Default 1. */
  readonly temperature?: number;
  /** Draw from this many of the likeliest; 0: from all (default). */
  readonly topK?: number;
  /** Draw from the fewest of the likeliest whose probabilities make this; 1: from all (default). */
  readonly topP?: number;
  /** Draw from those at least this many times as likely as the likeliest; 0: from all (default). */
  readonly minP?: number;
  /** Logits of tokens that the text has are divided by it, negative ones multiplied. Above 1: less often again. Default 1. */
  readonly repetitionPenalty?: number;
}

/** Where a token is picked. */
export interface TokenDraw extends SamplingOptions {
  /** Uniform in [0, 1). */
  readonly draw: number;
  /** Tokens that the text has, each once; for the repetition penalty. */
  readonly seen?: Iterable<number>;
}

/** Tokens that may be drawn, and how likely each is against the likeliest, in the order that a draw goes through them. */
export interface Candidates {
  readonly ids: Uint32Array;
  readonly weights: Float64Array;
}

/**
 * Throws RangeError for a temperature below 0, a topK that is no whole number, a topP or minP outside 0 … 1, and a penalty
 * that is not above 0.
 */
export function checkSamplingOptions(options: SamplingOptions): void {
  const { temperature = 1, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 } = options;
  if (!(temperature >= 0 && Number.isFinite(temperature))) {
    throw new RangeError(`Cannot sample at temperature ${temperature}: wanted 0 or more`);
  }
  if (!Number.isInteger(topK) || topK < 0) {
    throw new RangeError(`Cannot sample from the top ${topK}: wanted a whole number, or 0 for all`);
  }
  if (!(topP > 0 && topP <= 1)) {
    throw new RangeError(`Cannot sample with top-p ${topP}: wanted above 0, up to 1`);
  }
  if (!(minP >= 0 && minP <= 1)) {
    throw new RangeError(`Cannot sample with min-p ${minP}: wanted 0 to 1`);
  }
  if (!(repetitionPenalty > 0 && Number.isFinite(repetitionPenalty))) {
    throw new RangeError(
      `Cannot sample with repetition penalty ${repetitionPenalty}: wanted above 0, 1 for none`,
    );
  }
}

/**
 * The token that `draw` picks. Of equal logits the lower id comes first. Throws RangeError as `checkPick`, and where no
 * logit is a number.
 */
export function sampleToken(logits: Float32Array, options: TokenDraw): number {
  checkSamplingOptions(options);
  const { ids, weights } = candidates(logits, options);
  let left = options.draw * weights.reduce((a, b) => a + b, 0);
  for (let i = 0; i < ids.length; i++) {
    left -= weights[i];
    if (left < 0) return ids[i];
  }
  return ids[ids.length - 1]; // rounding left a rest
}

/** What `pickToken` draws from: at temperature 0 the likeliest alone. Throws RangeError where no logit is a number. */
export function candidates(logits: Float32Array, options: Omit<TokenDraw, "draw">): Candidates {
  const { temperature = 1, topK = 0, topP = 1, minP = 0 } = options;
  const scores = penalized(logits, options);
  let best = 0;
  for (let id = 1; id < scores.length; id++) {
    if (scores[id] > scores[best] || Number.isNaN(scores[best])) best = id;
  }
  if (Number.isNaN(scores[best] ?? NaN)) throw new RangeError("Cannot pick a token: no logit is a number");
  if (temperature === 0) return { ids: Uint32Array.of(best), weights: Float64Array.of(1) };

  const weightOf = (id: number) => id === best ? 1 : Math.exp((scores[id] - scores[best]) / temperature) || 0;
  const withWeights = (ids: Uint32Array) => ({ ids, weights: Float64Array.from(ids, weightOf) });
  let kept: Candidates;
  if (topK > 0) kept = nucleus(withWeights(likeliest(scores, topK)), topP);
  else {
    kept = withWeights(Uint32Array.from(scores, (_, id) => id));
    if (topP < 1) {
      kept = nucleusOfAll(kept, {
        topP,
        first: (count) => withWeights(likeliest(scores, count)),
      });
    }
  }
  if (minP === 0) return kept;
  const { ids, weights } = kept;
  return {
    ids: ids.filter((_, i) => weights[i] >= minP),
    weights: weights.filter((weight) => weight >= minP),
  };
}

/** Of tokens in order the fewest that make `topP` of `total`. */
function nucleus({ ids, weights }: Candidates, topP: number, total: number = sumOf(weights)): Candidates {
  if (topP === 1) return { ids, weights };
  let mass = 0, end = 0;
  while (end < ids.length && mass < topP * total) mass += weights[end++];
  return { ids: ids.subarray(0, end), weights: weights.subarray(0, end) };
}

/** The same of all tokens, in no order: as few as possible are put in order. */
function nucleusOfAll(
  all: Candidates,
  { topP, first }: { readonly topP: number; readonly first: (count: number) => Candidates },
): Candidates {
  const total = sumOf(all.weights), size = all.ids.length;
  for (let count = Math.min(64, size);; count = Math.min(8 * count, size)) {
    const kept = first(count);
    if (count === size || sumOf(kept.weights) >= topP * total) return nucleus(kept, topP, total);
  }
}

function penalized(
  logits: Float32Array,
  { repetitionPenalty = 1, seen = [] }: Omit<TokenDraw, "draw">,
): Float32Array {
  if (repetitionPenalty === 1) return logits;
  const scores = logits.slice();
  for (const id of seen) {
    if (id < scores.length) {
      scores[id] = logits[id] > 0 ? logits[id] / repetitionPenalty : logits[id] * repetitionPenalty;
    }
  }
  return scores;
}

function sumOf(weights: Float64Array): number {
  return weights.reduce((a, b) => a + b, 0);
}
