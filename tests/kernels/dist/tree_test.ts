/**
 * Tests the order in which gradients are added.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { treeLevels, treeStep } from "../../../kernels/dist/tree.ts";

/** The tree of the numbers from `first` on, as text, built as the module's docs define it. */
function tree(first: number, n: number): string {
  if (n === 1) return `${first}`;
  const left = 2 ** Math.floor(Math.log2(n - 1));
  return `(${tree(first, left)}+${tree(first + left, n - left)})`;
}

/** The sum that `treeStep` makes of parts, and the largest number of parts that wait at once. */
function added(parts: readonly string[]): { sum: string; most: number } {
  const waiting: string[] = [];
  let sum = "", most = 0;
  parts.forEach((part, i) => {
    const { merged, kept } = treeStep(i, parts.length);
    sum = merged.reduce((sum, level) => `(${waiting[level]}+${sum})`, part);
    for (const level of merged) delete waiting[level];
    if (kept !== null) {
      ok(waiting[kept] === undefined, `level ${kept} is taken`);
      waiting[kept] = sum;
    }
    most = Math.max(most, Object.keys(waiting).length);
  });
  strictEqual(Object.keys(waiting).length, 0);
  return { sum, most };
}

Deno.test("treeStep() adds the numbers of a batch as the tree does, with at most treeLevels() sums waiting", () => {
  for (let n = 1; n <= 70; n++) {
    const { sum, most } = added(Array.from({ length: n }, (_, i) => `${i}`));
    strictEqual(sum, tree(0, n), `${n}`);
    ok(most <= treeLevels(n) && treeLevels(n) <= Math.ceil(Math.log2(n)), `${n}: ${most}`);
  }
});

Deno.test("treeStep(): groups of a power of two that are added apart make the same tree", () => {
  for (const size of [1, 2, 4, 8]) {
    for (let groups = 1; groups <= 9; groups++) {
      const parts = Array.from(
        { length: groups },
        (_, group) => added(Array.from({ length: size }, (_, i) => `${group * size + i}`)).sum,
      );
      strictEqual(added(parts).sum, tree(0, groups * size), `${groups} groups of ${size}`);
    }
  }
  const thirds = [0, 1].map((group) => added([0, 1, 2].map((i) => `${3 * group + i}`)).sum);
  ok(added(thirds).sum !== tree(0, 6), "groups of three make another tree");
});

Deno.test("treeLevels() of 1, 2, 3, 4, 5, 8, 9 numbers", () => {
  deepStrictEqual([1, 2, 3, 4, 5, 8, 9].map(treeLevels), [0, 1, 2, 2, 3, 3, 4]);
});
