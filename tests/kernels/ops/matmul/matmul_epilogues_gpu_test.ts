/**
 * Tests the epilogues of the matmul kernels (bias, GELU, residual, and addition in place), with K in one part
 * and split into several.
 *
 * @module
 */
import { affineAddOp, affineGeluOp, affineOp } from "../../../../kernels/ops/matmul/affine.ts";
import { matmulAddOp } from "../../../../kernels/ops/matmul/matmul.ts";
import type { Op } from "../../../../kernels/core/graph.ts";
import { ragged, type Trial, trials, whole } from "../../../../kernels/parity/matmul_trials.ts";
import { trialSteps } from "../../parity/parity_steps.ts";

const ops: readonly Op<any>[] = [affineOp, affineGeluOp, affineAddOp, matmulAddOp];

/** Only the smallest tile of each family: larger ones have the same epilogue. */
const epilogues: readonly Trial[] = ops.flatMap((op) =>
  [ragged, whole].flatMap(([m, k, n]) => {
    const others = op === matmulAddOp ? [[m, n]] : op === affineAddOp ? [[n], [m, n]] : [[n]];
    const attrs = op === matmulAddOp ? {} : null;
    return trials(op, { inputs: [[m, k], [k, n], ...others], attrs })
      .filter(({ variant }) => variant.includes(" 4x4 by 8x8"));
  })
);

Deno.test("every epilogue after every family of products on webgpu gives the reference, and the same bits again", (t) =>
  trialSteps(t, epilogues));
