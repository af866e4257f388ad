/**
 * A small model, a batch and a plan with a gradient scale, for the tests of loss scaling.
 *
 * @module
 */
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { type Plan, plan } from "../../../stages/model/plan.ts";

/** One micro-batch of two sequences of 8 tokens. */
export const shape = [1, 2, 8] as const;
const model = gpt({ layers: 1, heads: 2, channels: 16, seqLen: 8, vocabSize: 61, vocabPad: 64 });
/** The weights that training starts from. */
export const weights = initialWeights(model, 1);
const tokens = (name: string) => Uint32Array.from({ length: 16 }, (_, i) => uniformAt(5, name, i) * 61);
/** A batch of `shape`. */
export const batch = { shape, inputs: tokens("inputs"), targets: tokens("targets") };

/** Returns the plan for training with AdamW; gradients are clipped at `clip`. */
export function planned(gradientScale: number, clip = 0.5): Plan {
  return plan({ model, training: { optimizer: adamw(), shape, clip, gradientScale } });
}
