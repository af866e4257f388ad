/**
 * Benches of AdamW's update of one tensor: on this project's engines, and in a comparison with jax-js.
 *
 * @module
 */
import { adamwOp } from "../kernels/ops/update/adamw.ts";
import { benchOps } from "./op_benches.ts";
import { benchComparison } from "./peer_benches.ts";
import { compareKernel } from "./peers/kernel.ts";
import { adamwKernel } from "./peers/kernels/adamw.ts";

benchOps([adamwOp]);
benchComparison(compareKernel(adamwKernel));
