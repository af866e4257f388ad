/**
 * Windows of 400 characters into one text, in clusters whose windows begin near each other: near-duplicates with a
 * known answer.
 *
 * @module
 */
import { uniformAt } from "../../../../kernels/random/philox.ts";
import type { Document } from "../../../../stages/items.ts";

/** Where the windows of each cluster begin, in characters. */
export const clusters: readonly (readonly number[])[] = [
  [0, 20, 50],
  [400, 420],
  [800, 810, 820, 840, 860],
  [1205, 1215, 1225, 1245],
  [1600],
  [2000],
];

const text = words(1).slice(0, 2400);

/** The windows, in order; a document's id is where it begins. */
export function windows(): Document[] {
  return clusters.flat().map((at) => ({ id: `${at}`, text: text.slice(at, at + 400) }));
}

/** Random words of one to eight letters: 3000 characters at least. */
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
