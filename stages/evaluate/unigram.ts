/**
 * The loss of a unigram model, which predicts each token by its frequency alone. A trained model must do
 * better.
 *
 * @module
 */

/**
 * Returns the mean loss of `tokens` in nats under the frequencies `counts`, one count per token id. Each
 * count is raised by 1, so that no token is impossible. Throws RangeError if there are no tokens, and for a
 * token without a count.
 */
export function unigramLoss(tokens: Uint32Array, counts: ArrayLike<number>): number {
  if (tokens.length === 0) throw new RangeError("Cannot measure the unigram loss of no tokens");
  let total = 0;
  for (let id = 0; id < counts.length; id++) total += counts[id] + 1;
  let sum = 0;
  for (const id of tokens) {
    if (id >= counts.length) {
      throw new RangeError(`Cannot measure token ${id}: the counts are for ${counts.length} tokens`);
    }
    sum -= Math.log((counts[id] + 1) / total);
  }
  return sum / tokens.length;
}
