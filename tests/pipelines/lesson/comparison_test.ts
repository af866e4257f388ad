import { deepStrictEqual } from "node:assert/strict";
import { comparison } from "../../../pipelines/lesson/comparison.ts";

Deno.test("comparison() says higher, lower or the same, by the digits that it shows", () => {
  deepStrictEqual(
    [comparison(2, 1.5), comparison(1.5, 2, 1), comparison(1, 1.00004), comparison(1, 1.00004, 5)],
    ["0.5000 higher than", "0.5 lower than", "the same as", "0.00004 lower than"],
  );
});
