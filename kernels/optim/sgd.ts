/**
 * Stochastic gradient descent with momentum, as torch.optim.SGD computes it. Source: Polyak 1964.
 *
 * @module
 */
import { sgdStep } from "../ops/update/sgd.ts";
import { decayedElements, type Optimizer } from "./optimizer.ts";

/** SGD's constants; the learning rate is an input of each update. */
export interface SgdOptions {
  /** Fraction of the velocity that is kept from one step to the next; default 0.9. 0 stores no velocity. */
  readonly momentum?: number;
  /**
   * Weight decay: `weightDecay · weight` is added to the gradient of tensors of two or more dimensions;
   * default 0.
   */
  readonly weightDecay?: number;
}

/**
 * Returns SGD, which stores the velocity of each parameter in `<param>/velocity`. Throws RangeError unless
 * the momentum is at least 0 and less than 1 and the weight decay is at least 0.
 *
 * @example
 * ```ts
 * import { gpt, plan, sgd } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const planned = plan({ model, training: { optimizer: sgd({ momentum: 0 }), shape: [1, 4, 8], clip: 0 } });
 * console.log(planned.memory.optimizer); // 0
 * ```
 */
export function sgd({ momentum = 0.9, weightDecay = 0 }: SgdOptions = {}): Optimizer {
  if (!(momentum >= 0 && momentum < 1)) {
    throw new RangeError(`Cannot use SGD with momentum ${momentum}: wanted at least 0 and less than 1`);
  }
  if (!(weightDecay >= 0)) {
    throw new RangeError(`Cannot use SGD with weight decay ${weightDecay}: wanted 0 or above`);
  }
  return {
    name: "sgd",
    update(scope, params, { gradients, learningRate, scale }) {
      const velocity = momentum > 0 ? { velocity: scope.state("velocity", params).tensor } : {};
      const inputs = { grad: gradients.tensor, lr: learningRate, scale, ...velocity };
      sgdStep(params.tensor, inputs, { momentum, decay: weightDecay, decayed: decayedElements(params) });
    },
  };
}
