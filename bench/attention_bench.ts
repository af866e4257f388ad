/**
 * Causal attention and its gradient.
 *
 * @module
 */
import { attentionGradOp, attentionOp } from "../kernels/ops/attention.ts";
import { benchOps } from "./op_benches.ts";

benchOps([attentionGradOp, attentionOp]);
