/**
 * AdamW's update of one tensor.
 *
 * @module
 */
import { adamwOp } from "../kernels/ops/adamw.ts";
import { benchOps } from "./op_benches.ts";

benchOps([adamwOp]);
