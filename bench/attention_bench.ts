/**
 * Benches of causal attention and its gradient: each op by itself, and both together in a comparison with
 * jax-js.
 *
 * @module
 */
import { attentionGradOp, attentionOp } from "../kernels/ops/attention/attention.ts";
import { benchOps } from "./op_benches.ts";
import { benchComparison } from "./peer_benches.ts";
import { compareKernel } from "./peers/kernel.ts";
import { attentionKernel } from "./peers/kernels/attention.ts";

benchOps([attentionGradOp, attentionOp]);
benchComparison(compareKernel(attentionKernel));
