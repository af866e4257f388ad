/**
 * Finds the largest of many numbers and sorts them. A vocabulary has 50,000 tokens and sampling needs a few
 * dozen of them, so the largest are selected without sorting all.
 *
 * @module
 */

/**
 * Returns the indices of the `count` largest scores, largest first; of equal scores, the lower index comes
 * first. NaN counts as the smallest score.
 */
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

/**
 * Returns the n-th largest number, counted from 1. Reorders the numbers. Source: Hoare 1961, "Find"
 * (quickselect).
 */
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
    else break; // all numbers between `j` and `i` equal the pivot
  }
  return x[at];
}
