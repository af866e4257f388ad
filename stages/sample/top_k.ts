/**
 * The largest of many numbers, in order, without sorting all of them: a vocabulary has 50,000, a draw needs some dozens.
 *
 * @module
 */

/** Indices of the `count` largest scores, largest first, of equal ones the lower index first; NaN counts as least. */
export function likeliest(scores: Float32Array, count: number): Uint32Array {
  const numbers = scores.map((x) => Number.isNaN(x) ? -Infinity : x);
  const wanted = Math.min(count, numbers.length);
  if (wanted === 0) return new Uint32Array(0);
  const least = nthLargest(numbers.slice(), wanted);
  const above: number[] = [], equal: number[] = [];
  numbers.forEach((x, i) => {
    if (x > least) above.push(i);
    else if (x === least && equal.length < wanted) equal.push(i);
  });
  return Uint32Array.from([...above, ...equal].slice(0, wanted))
    .sort((a, b) => numbers[b] - numbers[a] || a - b);
}

/** The n-th largest number, n from 1; reorders them. Source: Hoare 1961, "Find". */
function nthLargest(x: Float32Array, n: number): number {
  let low = 0, high = x.length - 1;
  const at = n - 1;
  while (low < high) {
    const pivot = x[(low + high) >> 1];
    let i = low, j = high;
    while (i <= j) {
      while (x[i] > pivot) i++;
      while (x[j] < pivot) j--;
      if (i > j) break;
      [x[i], x[j]] = [x[j], x[i]];
      i++;
      j--;
    }
    if (at <= j) high = j;
    else if (at >= i) low = i;
    else break; // between them all are equal
  }
  return x[at];
}
