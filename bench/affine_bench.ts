/**
 * Benches of linear layers that are computed by one op: matrix product, bias, and GELU or residual.
 *
 * @module
 */
import { affineAddOp, affineGeluOp, affineOp } from "../kernels/ops/matmul/affine.ts";
import { benchOps } from "./op_benches.ts";

benchOps([affineAddOp, affineGeluOp, affineOp]);
