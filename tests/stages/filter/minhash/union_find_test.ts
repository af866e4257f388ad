import { deepStrictEqual } from "node:assert/strict";
import { Clusters } from "../../../../stages/filter/minhash/union_find.ts";

Deno.test("Clusters.join() keeps the root of the larger cluster, and with recipe release the root of the first cluster", () => {
  for (const [recipe, expected] of [["current", [0, 0, 0, 3, 3]], ["release", [2, 2, 2, 3, 3]]] as const) {
    const clusters = new Clusters(5, recipe);
    clusters.join(0, 1);
    clusters.join(2, 1); // clusters of one and two documents
    clusters.join(3, 4);
    clusters.join(2, 0); // already in the same cluster
    deepStrictEqual([0, 1, 2, 3, 4].map((document) => clusters.root(document)), expected, recipe);
  }
});
