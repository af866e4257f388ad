/**
 * Tests kernels, planner and training on the WebGPU of a browser.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { browser } from "../../../browser.ts";
import { runPage } from "./run_page.ts";
import { trainingLosses } from "./training_losses.ts";

/** Registers the test with up to `cases` cases of each op. */
export function browserTest(cases: number): void {
  Deno.test({
    name: `a browser trains to Deno's losses within 1e-5 on webgpu${
      cases === 0 ? "" : ", and computes all cases of every op right"
    }`,
    ignore: browser === null,
    fn: async () => {
      const page = await runPage({ cases });
      deepStrictEqual(page.messages, []);
      ok(cases === 0 || page.cases > 300, `${page.cases} cases`);
      strictEqual(page.withoutAdapter, "NotSupportedError");
      const expected = await trainingLosses(await openWebgpu());
      strictEqual(page.losses.length, expected.length);
      expected.forEach((loss, i) =>
        ok(
          Math.abs(page.losses[i] - loss) < 1e-5,
          `step ${i}: ${page.losses[i]} in the browser, ${loss} in Deno`,
        )
      );
      ok(expected[11] < expected[0] - 0.3, `losses of ${expected[0]} to ${expected[11]}`);
    },
  });
}
