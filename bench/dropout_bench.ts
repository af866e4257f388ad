/**
 * Dropout, alone and with a residual.
 *
 * @module
 */
import { dropoutAddOp, dropoutOp } from "../kernels/ops/dropout/dropout.ts";
import { benchOps } from "./op_benches.ts";

benchOps([dropoutAddOp, dropoutOp]);
