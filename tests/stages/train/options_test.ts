/**
 * Tests training with various options of the model and the optimizer on the CPU engine, and weights that are
 * fitted to a model.
 *
 * @module
 */
import { deepStrictEqual, throws } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights, parametersOf } from "../../../kernels/models/model.ts";
import { fitWeights } from "../../../stages/model/weights.ts";
import { optionTests, sizes } from "./option_runs.ts";

optionTests("cpu", () => openCpu({ threads: 2 }));

Deno.test("fitWeights() copies a tied head for an untied model, and refuses to tie a head that differs", () => {
  const tied = gpt(sizes), untied = gpt({ ...sizes, tie: false });
  const weights = initialWeights(tied, 1), own = fitWeights(untied, weights);
  deepStrictEqual(own["lm_head.weight"], weights["wte.weight"]);
  deepStrictEqual([...parametersOf(untied).keys()].at(-1), "lm_head.weight");
  deepStrictEqual(fitWeights(untied, initialWeights(untied, 1)), initialWeights(untied, 1));
  throws(
    () => fitWeights(tied, initialWeights(untied, 1)),
    /lm_head\.weight differs from wte\.weight.*--no-tie/,
  );
  throws(
    () => fitWeights(gpt({ ...sizes, bias: false }), weights),
    /no h\.0\..*bias: was it made without biases/,
  );
  throws(() => fitWeights(tied, initialWeights(gpt({ ...sizes, bias: false }), 1)), /bias is missing/);
});
