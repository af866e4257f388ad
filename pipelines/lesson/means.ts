/**
 * Losses of single batches jump about: their means over stretches show what goes on.
 *
 * @module
 */

/** Means of at most `points` stretches of equal length, and the middles of these; a rest that fills none is left out. */
export function meansOf(
  values: ArrayLike<number>,
  points: number,
): { readonly x: readonly number[]; readonly y: readonly number[] } {
  const length = Math.max(1, Math.ceil(values.length / points)), x: number[] = [], y: number[] = [];
  for (let from = 0; from + length <= values.length; from += length) {
    let sum = 0;
    for (let i = from; i < from + length; i++) sum += values[i];
    x.push(from + (length - 1) / 2);
    y.push(sum / length);
  }
  return { x, y };
}
