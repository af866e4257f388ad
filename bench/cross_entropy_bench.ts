/**
 * Cross-entropy of logits and its gradient.
 *
 * @module
 */
import { crossEntropyGradOp, crossEntropyOp } from "../kernels/ops/cross_entropy.ts";
import { benchOps } from "./op_benches.ts";

benchOps([crossEntropyGradOp, crossEntropyOp]);
