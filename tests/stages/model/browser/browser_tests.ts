/**
 * Tests kernels, planner, training and faults on the WebGPU of a browser.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { ops } from "../../../../kernels/ops/list.ts";
import { smallCases } from "../../../../kernels/parity/run_cases.ts";
import { browser } from "../../../browser.ts";
import { faultPatterns, provokeFaults } from "./faults.ts";
import { checkGolden, type GoldenRun, weightFreeRun } from "./golden_tasks.ts";
import { runPage } from "./run_page.ts";
import { trainingLosses } from "./training_losses.ts";

/**
 * Opens the page with up to `cases` cases of each op, and with `golden` runs after the one that needs no
 * file. Fails unless its results are right.
 */
export async function checkBrowser(cases: number, golden: readonly GoldenRun[] = []): Promise<void> {
  const runs = [await weightFreeRun(), ...golden];
  const page = await runPage({ cases, golden: runs.map(({ task }) => task) });
  deepStrictEqual(page.messages, []);
  strictEqual(page.cases, cases === Infinity ? smallCases(ops).length : cases);
  strictEqual(page.withoutAdapter, "NotSupportedError");
  runs.forEach((run, i) => checkGolden(run, page.golden[i]));
  for (const [fault, pattern] of Object.entries(faultPatterns)) match(page.faults[fault], pattern, fault);
  const expected = await trainingLosses(await openWebgpu());
  strictEqual(page.losses.length, expected.length);
  expected.forEach((loss, i) =>
    ok(
      Math.abs(page.losses[i] - loss) < 1e-5,
      `step ${i}: ${page.losses[i]} in the browser, ${loss} in Deno`,
    )
  );
  ok(expected[11] < expected[0] - 0.3, `losses of ${expected[0]} to ${expected[11]}`);
}

/** Whether tests of a browser are ignored: there is none. */
export const withoutBrowser: boolean = browser === null;

/** Fails unless Deno's WebGPU reports the faults as the browser must. */
export async function checkFaults(): Promise<void> {
  const faults = await provokeFaults(await openWebgpu());
  for (const [fault, pattern] of Object.entries(faultPatterns)) match(faults[fault], pattern, fault);
}
