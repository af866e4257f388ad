/**
 * The program of the test page: it runs op cases, training runs and faults on the browser's WebGPU, and posts
 * the results to the server that the page comes from.
 *
 * @module
 */
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { ops } from "../../../../kernels/ops/list.ts";
import { compareNan } from "../../../../kernels/parity/nan.ts";
import { compareOps } from "../../../../kernels/parity/parity.ts";
import { provokeFaults } from "./faults.ts";
import { type GoldenResult, type GoldenTask, trainTask } from "./golden_task.ts";
import { trainingLosses } from "./training_losses.ts";

/** Results of the page. */
export interface PageResult {
  /** The browser's adapter. */
  readonly device: string;
  /** Name of the error if there is no adapter. */
  readonly withoutAdapter: string;
  /** Losses of the training run. */
  readonly losses: readonly number[];
  /** Results of the golden runs, in order. */
  readonly golden: readonly GoldenResult[];
  /** Errors of the faults; see `provokeFaults`. */
  readonly faults: Readonly<Record<string, string>>;
  /** Number of op cases. */
  readonly cases: number;
  /** A message for each output of an op that is wrong, or that is finite where it depends on NaN. */
  readonly messages: readonly string[];
}

/** A WebGPU without adapters. */
const none: GPU = Object.assign(Object.create(navigator.gpu), {
  requestAdapter: () => Promise.resolve(null),
});

/** Returns the results with `most` cases of each op. */
async function results(most: number): Promise<PageResult> {
  const engine = await openWebgpu(), golden: GoldenResult[] = [];
  const tasks: readonly GoldenTask[] = await (await fetch("/golden.json")).json();
  for (const task of tasks) golden.push(await trainTask(engine, task));
  const chosen = ops.map((op) => ({
    ...op,
    cases: op.cases.filter(({ bench }) => bench !== true).slice(0, most),
  }));
  return {
    device: engine.device,
    withoutAdapter: await openWebgpu({ implementation: none }).then(() => "none", ({ name }) => name),
    losses: await trainingLosses(engine),
    golden,
    faults: await provokeFaults(engine),
    cases: chosen.reduce((sum, { cases }) => sum + cases.length, 0),
    messages: most === 0
      ? []
      : [...(await compareOps(engine, chosen)).values()].flat().concat(await compareNan(engine, ops)),
  };
}

const most = Number(new URLSearchParams(location.search).get("cases") ?? Infinity);
const body = await results(most).catch((error) => ({ error: `${error?.stack ?? error}` }));
await fetch("/result", { method: "POST", body: JSON.stringify(body) });
