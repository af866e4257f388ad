/**
 * What a model must beat: predicting each token by how often it stands in the training text, whatever came before.
 *
 * @module
 */
/**
 * Nats a token of `tokens` under the frequencies `counts` (one count a token id), each count raised by 1 so that no
 * token is impossible. Throws RangeError without tokens or with one that has no count.
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
