/**
 * The net of the lesson on Bengio et al. 2003 for one context at a time, number by number: to draw names, and to be read.
 *
 * @module
 */
import type { MlpWeights } from "./mlp_net.ts";

/** The odds of each letter after `before`, of which the net sees the last `context` ones. */
export function nextOdds(
  { C, W1, b1, W2, b2 }: MlpWeights,
  { before, context }: { readonly before: readonly number[]; readonly context: number },
): Float64Array {
  const embedding = C.shape[1], hidden = b1.data.length, letters = b2.data.length;
  // The vectors of the letters, side by side.
  const x = before.slice(-context).flatMap((
    id,
  ) => [...C.data.subarray(id * embedding, (id + 1) * embedding)]);
  const h = Array.from(b1.data, (bias, j) => {
    let sum = bias;
    for (let i = 0; i < x.length; i++) sum += x[i] * W1.data[i * hidden + j];
    return Math.tanh(sum);
  });
  const logits = Float64Array.from(b2.data, (bias, j) => {
    let sum = bias;
    for (let i = 0; i < hidden; i++) sum += h[i] * W2.data[i * letters + j];
    return sum;
  });
  const top = logits.reduce((a, b) => Math.max(a, b));
  const counts = logits.map((logit) => Math.exp(logit - top));
  const total = counts.reduce((a, b) => a + b);
  return counts.map((count) => count / total);
}
