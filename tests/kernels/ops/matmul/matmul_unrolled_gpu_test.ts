/**
 * Tests the WGSL of staged tiles as GPUs get it, with all depth steps written out. Software adapters get a
 * loop.
 *
 * @module
 */
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import type { Op } from "../../../../kernels/core/graph.ts";
import { callKey } from "../../../../kernels/core/op.ts";
import type { MatmulAttrs } from "../../../../kernels/ops/matmul/matmul.ts";
import { matmulOp } from "../../../../kernels/ops/matmul/matmul.ts";
import { compareOps } from "../../../../kernels/parity/parity.ts";
import { paritySteps } from "../../parity/parity_steps.ts";

const cases: Readonly<Record<string, Op<MatmulAttrs>["cases"]>> = {
  "tiles 4x4 by 8x8": [
    { inputs: [[68, 272], [272, 76]], attrs: {} }, // whole tiles along the depth, partial ones at the edges
    { inputs: [[37, 33], [37, 19]], attrs: { transposeA: true } },
    { inputs: [[33, 37], [19, 37]], attrs: { transposeB: true } },
  ],
  "tiles 8x4 by 16x8": [
    { inputs: [[130, 272], [272, 68]], attrs: {} },
    { inputs: [[70, 132], [72, 70]], attrs: { transposeA: true, transposeB: true } },
  ],
  "tiles 8x8 by 8x16": [{ inputs: [[272, 140], [272, 68]], attrs: { transposeA: true } }],
};

for (const [variant, own] of Object.entries(cases)) {
  Deno.test(`webgpu matmul in ${variant} with all steps written out matches the reference`, async (t) => {
    const unrolled: Op<MatmulAttrs> = {
      ...matmulOp,
      cases: own,
      wgsl: (call, gpu) => {
        const choices = new Map([[callKey(call), variant]]);
        return matmulOp.wgsl(call, { ...gpu, software: false, choices });
      },
    };
    await paritySteps(t, await compareOps(await openWebgpu(), [unrolled]));
  });
}
