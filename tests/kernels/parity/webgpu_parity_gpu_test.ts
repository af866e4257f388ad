/**
 * Tests the WGSL kernels of all ops, in all of their cases, against the float64 reference.
 *
 * @module
 */
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { ops } from "../../../kernels/ops/list.ts";
import { compareOps } from "../../../kernels/parity/parity.ts";
import { paritySteps } from "./parity_steps.ts";

Deno.test("webgpu engine matches the reference of every op to float32 precision, and gives the same bits again", async (t) => {
  await paritySteps(t, await compareOps(await openWebgpu(), ops));
});
