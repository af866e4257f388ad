/**
 * AdamW: Adam with weight decay separate from the gradient. Source: Loshchilov and Hutter 2017; defaults as
 * in GPT-3.
 *
 * @module
 */
import { adamwStep } from "../ops/update/adamw.ts";
import { decayedElements, type Optimizer } from "./optimizer.ts";

/** AdamW's constants; the learning rate is an input of each update. */
export interface AdamWOptions {
  /** Decay rate of the first moment, which is the running mean of gradients; default 0.9. */
  readonly beta1?: number;
  /** Decay rate of the second moment, which is the running mean of squared gradients; default 0.95. */
  readonly beta2?: number;
  /** Number added to the root of the second moment, so that nothing is divided by 0; default 1e-8. */
  readonly eps?: number;
  /**
   * Weight decay: a step also subtracts `weightDecay · lr · weight` from tensors of two or more dimensions;
   * default 0.1.
   */
  readonly weightDecay?: number;
}

/**
 * Returns AdamW, which stores the moments of each parameter in `<param>/m` and `<param>/v`. Throws RangeError
 * unless both betas are at least 0 and less than 1, eps is greater than 0, and the weight decay is at least
 * 0.
 *
 * @example
 * ```ts
 * import { adamw, gpt, plan } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const optimizer = adamw({ beta2: 0.99, weightDecay: 0 });
 * const planned = plan({ model, training: { optimizer, shape: [1, 4, 8], clip: 1 } });
 * console.log(planned.tokensPerStep); // 32
 * ```
 */
export function adamw(options: AdamWOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weightDecay = 0.1 } = options;
  for (const [name, beta] of Object.entries({ beta1, beta2 })) {
    if (!(beta >= 0 && beta < 1)) {
      throw new RangeError(`Cannot use AdamW with ${name} ${beta}: wanted at least 0 and less than 1`);
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
