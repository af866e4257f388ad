/**
 * What the kernels of the matmul family do to their sums: stored with a bias, after GELU, added to a residual
 * or to what is there; from one sum as from parts of K.
 *
 * @module
 */
import { affineAddOp, affineGeluOp, affineOp } from "../../../../kernels/ops/matmul/affine.ts";
import { matmulAddOp } from "../../../../kernels/ops/matmul/matmul.ts";
import type { Op } from "../../../../kernels/core/graph.ts";
import { ragged, type Trial, trials, whole } from "../../../../kernels/parity/matmul_trials.ts";
import { trialSteps } from "../../parity/parity_steps.ts";

const ops: readonly Op<any>[] = [affineOp, affineGeluOp, affineAddOp, matmulAddOp];

/** A kind's larger tiles are finished as its least are. */
const epilogues: readonly Trial[] = ops.flatMap((op) =>
  [ragged, whole].flatMap(([m, k, n]) => {
    const others = op === matmulAddOp ? [[m, n]] : op === affineAddOp ? [[n], [m, n]] : [[n]];
    const attrs = op === matmulAddOp ? {} : null;
    return trials(op, { inputs: [[m, k], [k, n], ...others], attrs })
      .filter(({ variant }) => variant.includes(" 4x4 by 8x8"));
  })
);

Deno.test("bias, GELU, residual and adding in place after every kind of product on webgpu give the reference, and the same bits again", (t) =>
  trialSteps(t, epilogues));
