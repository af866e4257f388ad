/**
 * Benches of layer normalization and its gradients: each op by itself, and all together in a comparison with
 * jax-js.
 *
 * @module
 */
import { layerNormGradOp, layerNormOp, layerNormParamGradOp } from "../kernels/ops/norm/layer_norm.ts";
import { benchOps } from "./op_benches.ts";
import { benchComparison } from "./peer_benches.ts";
import { compareKernel } from "./peers/kernel.ts";
import { layerNormKernel } from "./peers/kernels/layer_norm.ts";

benchOps([layerNormGradOp, layerNormOp, layerNormParamGradOp]);
benchComparison(compareKernel(layerNormKernel));
