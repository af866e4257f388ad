/**
 * Embedding: rows by token, and their gradients added up: each on its own, and both with jax-js beside.
 *
 * @module
 */
import { gatherOp, scatterAddOp } from "../kernels/ops/indexing/gather.ts";
import { benchOps } from "./op_benches.ts";
import { benchComparison } from "./peer_benches.ts";
import { compareKernel } from "./peers/kernel.ts";
import { embeddingKernel } from "./peers/kernels/embedding.ts";

benchOps([gatherOp, scatterAddOp]);
benchComparison(compareKernel(embeddingKernel), { without: "webgpu" }); // Deno refuses jax-js's shader
