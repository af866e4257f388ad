/**
 * Runs of ops whose dispatches are split.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { boundKernel } from "../../../../kernels/core/bound_kernel.ts";
import { compile } from "../../../../kernels/core/program.ts";
import { countOf, type Extent } from "../../../../kernels/engine/webgpu/split.ts";
import { type SubmitLimits, workOf } from "../../../../kernels/engine/webgpu/submit_pace.ts";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { ops } from "../../../../kernels/ops/list.ts";
import { caseGraph, caseInputs, type OpCase, runCases } from "../../../../kernels/parity/run_cases.ts";

/** Returns one case of each op, by its index among the op's cases. */
function casesOf(chosen: Readonly<Record<string, number>>): readonly OpCase[] {
  return ops.flatMap((op) => op.name in chosen ? [{ op, case: op.cases[chosen[op.name]] }] : []);
}

/** Fails unless splits into single workgroups and into larger parts give the bits of whole dispatches. */
export async function sameBitsForAnySplit(chosen: Readonly<Record<string, number>>): Promise<void> {
  const cases = casesOf(chosen);
  strictEqual(cases.length, Object.keys(chosen).length);
  const run = async (submitLimits: Partial<SubmitLimits>) =>
    await runCases(await openWebgpu({ submitLimits }), cases, { seed: 3, times: 1 });
  const whole = await run({});
  for (const firstWork of [1, 4e4]) {
    const found = await run({ firstWork });
    cases.forEach(({ op }, i) => deepStrictEqual(found[i], whole[i], `${op.name}, ${firstWork}`));
  }
}

/**
 * Fails unless the dispatches of a case are split exactly if their work is above the limit, by the number of
 * workgroups that fits into it, and give the same bits.
 */
export async function splitsAboveTheLimit(name: string, index: number): Promise<void> {
  const [c] = casesOf({ [name]: index });
  const { graph, inputs, outputs } = caseGraph(c.op, c.case), program = compile("p", graph);
  const data = caseInputs(c.case, 1), [call] = graph.calls;
  const weights = Object.fromEntries(inputs.map((t, i) => [t.label, { shape: t.shape, data: data[i] }]));
  const run = async (limit: (work: number) => number, timed = false) => {
    const opened = await (await openWebgpu()).open([program], {});
    const kernels = boundKernel(call, opened.gpu).dispatches, work = workOf(call);
    await opened[Symbol.asyncDispose]();
    const submitLimits = { firstWork: limit(work), seconds: 1, dispatchSeconds: 1 };
    await using session = await (await openWebgpu({ submitLimits })).open([program], weights);
    const grids = spied(session.device);
    await session.run(["p"], { timed });
    const made = grids.slice();
    if (timed) strictEqual((await session.timings())?.length ?? 1, 1, "parts are timed as one call");
    const results = await session.read(outputs.map((_, i) => `out${i}`));
    const pieces = kernels.map(({ workgroups }) => {
      const most = countOf(workgroups) * Math.min(1, limit(work) / work);
      return Math.max(1, Math.floor(most));
    });
    return { kernels, grids: made, results, pieces };
  };
  const total = (grids: readonly Extent[]) => grids.reduce((sum, grid) => sum + countOf(grid), 0);
  const whole = await run((work) => work);
  deepStrictEqual(whole.grids, whole.kernels.map(({ workgroups }) => workgroups));
  deepStrictEqual((await run((work) => work + 1)).grids, whole.grids);
  for (const timed of [false, true]) {
    for (const limit of [(work: number) => work - 1, (work: number) => work / 3]) {
      const { grids, results, pieces, kernels } = await run(limit, timed);
      const split = kernels.filter(({ workgroups }) => countOf(workgroups) > 1).length;
      ok(split > 0 && grids.length >= kernels.length + split, `${grids.length} dispatches`);
      ok(grids.every((grid) => countOf(grid) <= Math.max(...pieces)), `${grids.join("; ")}`);
      strictEqual(total(grids), total(whole.grids));
      deepStrictEqual(results, whole.results);
    }
  }
}

/** Returns the list to which the device's dispatches from now on are added. */
function spied(device: GPUDevice): Extent[] {
  const createCommandEncoder = device.createCommandEncoder.bind(device), grids: Extent[] = [];
  device.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder(descriptor), begin = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (options) => {
      const pass = begin(options), dispatch = pass.dispatchWorkgroups.bind(pass);
      pass.dispatchWorkgroups = (x, y = 1, z = 1) => {
        grids.push([x, y, z]);
        dispatch(x, y, z);
      };
      return pass;
    };
    return encoder;
  };
  return grids;
}
