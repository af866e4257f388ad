import { deepStrictEqual } from "node:assert/strict";
import { runNames } from "../../../pipelines/parts/run_names.ts";

Deno.test("runNames() gives each folder its last part, and its path where several end alike", () => {
  deepStrictEqual(runNames(["runs/a", "runs/b/", "/"]), ["a", "b", "/"]);
  deepStrictEqual(runNames(["x/a", "y/a", "y/c"]), ["x/a", "y/a", "c"]);
  deepStrictEqual(runNames([]), []);
});
