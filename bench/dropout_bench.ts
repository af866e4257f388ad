/**
 * Dropout, alone and with a residual.
 *
 * @module
 */
import { dropoutAddOp, dropoutOp } from "../kernels/ops/dropout.ts";
import { benchOps } from "./op_benches.ts";

benchOps([dropoutAddOp, dropoutOp]);
