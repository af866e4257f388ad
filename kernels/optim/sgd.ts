/**
 * Stochastic gradient descent with momentum. Source: Polyak 1964; as torch.optim.SGD.
 *
 * @module
 */
import { sgdStep } from "../ops/update/sgd.ts";
import { decayedElements, type Optimizer } from "./optimizer.ts";

/** SGD's constants. */
export interface SgdOptions {
  /** Share of the last step that is taken again; default 0.9, 0: none, and no memory for it. */
  readonly momentum?: number;
  /** Added to the gradient, times the parameter, on tensors of two or more dimensions only; default 0. */
  readonly weightDecay?: number;
}

/**
 * SGD with its velocity, where there is one, in `<param>/velocity`. Throws RangeError for a momentum outside 0 … 1 or a
 * negative decay.
 */
export function sgd({ momentum = 0.9, weightDecay = 0 }: SgdOptions = {}): Optimizer {
  if (!(momentum >= 0 && momentum < 1)) {
    throw new RangeError(`Cannot use SGD with momentum ${momentum}: wanted 0 to below 1`);
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
