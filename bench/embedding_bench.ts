/**
 * Benches of embedding lookup and its gradient: each op by itself, and both together in a comparison with
 * jax-js.
 *
 * @module
 */
import { gatherOp, scatterAddOp } from "../kernels/ops/indexing/gather.ts";
import { benchOps } from "./op_benches.ts";
import { benchComparison } from "./peer_benches.ts";
import { compareKernel } from "./peers/kernel.ts";
import { embeddingKernel } from "./peers/kernels/embedding.ts";

benchOps([gatherOp, scatterAddOp]);
benchComparison(compareKernel(embeddingKernel), { without: "webgpu" }); // Deno rejects jax-js's shader
