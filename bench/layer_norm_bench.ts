/**
 * Layer normalization and its gradients.
 *
 * @module
 */
import { layerNormGradOp, layerNormOp, layerNormParamGradOp } from "../kernels/ops/layer_norm.ts";
import { benchOps } from "./op_benches.ts";

benchOps([layerNormGradOp, layerNormOp, layerNormParamGradOp]);
