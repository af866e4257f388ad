/**
 * Test documents with known near-duplicates: windows of 400 characters from one text. The windows of one
 * cluster start close to each other.
 *
 * @module
 */
import { uniformAt } from "../../../../kernels/random/philox.ts";
import type { Document } from "../../../../stages/items.ts";

/** For each cluster, the offsets of its windows in characters. */
export const clusters: readonly (readonly number[])[] = [
  [0, 20, 50],
  [400, 420],
  [800, 810, 820, 840, 860],
  [1205, 1215, 1225, 1245],
  [1600],
  [2000],
];

const text = words(1).slice(0, 2400);

/** Returns the windows in order as documents; the id of a document is its offset. */
export function windows(): Document[] {
  return clusters.flat().map((at) => ({ id: `${at}`, text: text.slice(at, at + 400) }));
}

/** Returns a text of random words of one to eight letters, at least 3000 characters long. */
function words(seed: number): string {
  let made = "";
  for (let i = 0; made.length < 3000; i++) {
    const at = (k: number) => uniformAt(seed, "windows", 16 * i + k);
    const letters = Array.from(
      { length: 1 + Math.floor(8 * at(0)) },
      (_, k) => 97 + Math.floor(26 * at(k + 1)),
    );
    made += `${String.fromCharCode(...letters)} `;
  }
  return made;
}
