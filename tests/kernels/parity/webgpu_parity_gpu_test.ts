/**
 * Tests the WGSL kernels of all ops, in all of their cases, against the float64 reference: on a device with
 * the adapter's limits and on one with WebGPU's default limits, which are the least that a device may have.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { leastLimits } from "../../../kernels/core/gpu.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { ops } from "../../../kernels/ops/list.ts";
import { compareNan } from "../../../kernels/parity/nan.ts";
import { compareOps } from "../../../kernels/parity/parity.ts";
import { paritySteps } from "./parity_steps.ts";

Deno.test("webgpu engine matches the reference of every op to float32 precision, and gives the same bits again", async (t) => {
  await paritySteps(t, await compareOps(await openWebgpu(), ops));
});

Deno.test("webgpu engine with the least limits matches the reference of every op", async (t) => {
  await paritySteps(t, await compareOps(await openWebgpu({ limits: leastLimits }), ops));
});

Deno.test("webgpu engine shows NaN in every result of every op that depends on it", async () => {
  deepStrictEqual(await compareNan(await openWebgpu(), ops), []);
});

Deno.test("webgpu engine shows NaN in every result of products of 16-bit floats", async () => {
  const products = ops.filter(({ name }) => /^(matmul|affine)/.test(name));
  deepStrictEqual(await compareNan(await openWebgpu({ half: true }), products), []);
});
