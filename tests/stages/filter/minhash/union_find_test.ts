import { deepStrictEqual } from "node:assert/strict";
import { Clusters } from "../../../../stages/filter/minhash/union_find.ts";

Deno.test("Clusters keeps the greater cluster's root, or at FineWeb's release the first one's", () => {
  for (const [recipe, wanted] of [["current", [0, 0, 0, 3, 3]], ["release", [2, 2, 2, 3, 3]]] as const) {
    const clusters = new Clusters(5, recipe);
    clusters.join(0, 1);
    clusters.join(2, 1); // a cluster of one with one of two
    clusters.join(3, 4);
    clusters.join(2, 0); // one already
    deepStrictEqual([0, 1, 2, 3, 4].map((document) => clusters.root(document)), wanted, recipe);
  }
});
