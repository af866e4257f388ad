/**
 * Every op's WGSL against the float64 reference, on whatever adapter there is; `deno task test` brings a software one.
 *
 * @module
 */
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { ops } from "../../../kernels/ops/list.ts";
import { checkFarOut, parityChecks } from "./parity.ts";

Deno.test("webgpu engine gives every op's reference within float32, and the same bits again", async (t) => {
  const checks = await parityChecks(await openWebgpu(), ops);
  for (const [name, check] of checks) await t.step(name, check);
});

Deno.test("webgpu engine keeps activations and their slopes right far from 0", async () => {
  await checkFarOut(await openWebgpu());
});
