/**
 * From logits to one token: greedy, or drawn from the softmax, cut to the likeliest by number or by probability.
 * Source: top-k of Fan et al. 2018, top-p of Holtzman et al. 2019.
 *
 * @module
 */

/** How freely to draw. */
export interface PickOptions {
  /** Logits are divided by it; 0: always the likeliest. Default 1. */
  readonly temperature?: number;
  /** Draw from this many of the likeliest; 0: from all (default). */
  readonly topK?: number;
  /** Draw from the fewest of the likeliest whose probabilities make this; 1: from all (default). */
  readonly topP?: number;
}

/** Throws RangeError for a temperature below 0, a topK that is no whole number or a topP outside 0 … 1. */
export function checkPick({ temperature = 1, topK = 0, topP = 1 }: PickOptions): void {
  if (!(temperature >= 0 && Number.isFinite(temperature))) {
    throw new RangeError(`Cannot sample at temperature ${temperature}: wanted 0 or more`);
  }
  if (!Number.isInteger(topK) || topK < 0) {
    throw new RangeError(`Cannot sample from the top ${topK}: wanted a whole number, or 0 for all`);
  }
  if (!(topP > 0 && topP <= 1)) {
    throw new RangeError(`Cannot sample with top-p ${topP}: wanted above 0, up to 1`);
  }
}

/**
 * The token that `draw`, uniform in [0, 1), picks. Of equal logits the lower id comes first. Throws RangeError as
 * `checkPick`, and where no logit is a number.
 */
export function pickToken(logits: Float32Array, options: PickOptions & { readonly draw: number }): number {
  checkPick(options);
  const { temperature = 1, topK = 0, topP = 1, draw } = options;
  let best = 0;
  for (let id = 1; id < logits.length; id++) {
    if (logits[id] > logits[best] || Number.isNaN(logits[best])) best = id;
  }
  if (Number.isNaN(logits[best] ?? NaN)) throw new RangeError("Cannot pick a token: no logit is a number");
  if (temperature === 0) return best;

  const all = Uint32Array.from(logits, (_, id) => id);
  const kept = topK > 0 || topP < 1 ? all.sort((a, b) => logits[b] - logits[a] || a - b) : all;
  const ids = topK > 0 ? kept.subarray(0, topK) : kept;
  const weights = Float64Array.from(ids, (id) => Math.exp((logits[id] - logits[best]) / temperature) || 0);
  const total = weights.reduce((a, b) => a + b, 0);
  let end = ids.length, mass = total;
  if (topP < 1) {
    mass = 0;
    for (end = 0; end < ids.length && mass < topP * total; end++) mass += weights[end];
  }
  let left = draw * mass;
  for (let i = 0; i < end; i++) {
    left -= weights[i];
    if (left < 0) return ids[i];
  }
  return ids[end - 1]; // rounding left a rest
}
