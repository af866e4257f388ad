/**
 * The lexicographic order of lists of numbers.
 *
 * @module
 */

/** Compares bytes or ids lexicographically: below 0 if `a` comes before `b`. */
export function compareBytes(a: Uint8Array | Uint32Array, b: Uint8Array | Uint32Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
