/**
 * AdamW: Adam with weight decay on its own. Source: Loshchilov and Hutter 2017; defaults as GPT-3 was trained.
 *
 * @module
 */
import { adamwStep } from "../ops/update/adamw.ts";
import { decayedElements, type Optimizer } from "./optimizer.ts";

/** AdamW's constants. */
export interface AdamWOptions {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.95. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly eps?: number;
  /** Pull towards 0 as a share of the rate, on tensors of two or more dimensions only; default 0.1. */
  readonly weightDecay?: number;
}

/**
 * AdamW with first and second moments in `<param>/m` and `<param>/v`.
 * Throws RangeError for a beta outside 0 … 1, an eps that is not above 0 or a negative decay.
 */
export function adamw(options: AdamWOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weightDecay = 0.1 } = options;
  for (const [name, beta] of Object.entries({ beta1, beta2 })) {
    if (!(beta >= 0 && beta < 1)) {
      throw new RangeError(`Cannot use AdamW with ${name} ${beta}: wanted 0 to below 1`);
    }
  }
  if (!(eps > 0)) throw new RangeError(`Cannot use AdamW with eps ${eps}: wanted above 0`);
  if (!(weightDecay >= 0)) {
    throw new RangeError(`Cannot use AdamW with weight decay ${weightDecay}: wanted 0 or above`);
  }
  return {
    name: "adamw",
    update(scope, params, { gradients, learningRate, step, scale }) {
      const m = scope.state("m", params).tensor, v = scope.state("v", params).tensor;
      const inputs = { grad: gradients.tensor, m, v, lr: learningRate, step, scale };
      const decayed = decayedElements(params);
      adamwStep(params.tensor, inputs, { beta1, beta2, eps, decay: weightDecay, decayed });
    },
  };
}
