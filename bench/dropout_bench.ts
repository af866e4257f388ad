/**
 * Benches of dropout, by itself and with the addition of a residual.
 *
 * @module
 */
import { dropoutAddOp, dropoutOp } from "../kernels/ops/dropout/dropout.ts";
import { benchOps } from "./op_benches.ts";

benchOps([dropoutAddOp, dropoutOp]);
