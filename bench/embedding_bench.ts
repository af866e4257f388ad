/**
 * Embedding: rows by token, and their gradients added up.
 *
 * @module
 */
import { gatherOp, scatterAddOp } from "../kernels/ops/gather.ts";
import { benchOps } from "./op_benches.ts";

benchOps([gatherOp, scatterAddOp]);
