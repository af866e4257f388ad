/**
 * Every op's WGSL against the float64 reference, on whatever adapter there is; `deno task test` brings a
 * software one.
 *
 * @module
 */
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { ops } from "../../../kernels/ops/list.ts";
import { compareFarFromZero, compareOps } from "../../../kernels/parity/parity.ts";
import { expectNone, paritySteps } from "./parity_steps.ts";

Deno.test("webgpu engine gives every op's reference within float32, and the same bits again", async (t) => {
  await paritySteps(t, await compareOps(await openWebgpu(), ops));
});

Deno.test("webgpu engine keeps activations and their slopes right far from 0", async () => {
  expectNone(await compareFarFromZero(await openWebgpu()));
});
