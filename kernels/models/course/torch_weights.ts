/**
 * First weights as a notebook drew them: torch's normal numbers, parameter by parameter.
 *
 * @module
 */
import type { TensorMap } from "../../core/tensor.ts";
import type { TorchRandom } from "../../random/torch_random.ts";
import { type Learner, weightsBy } from "../model.ts";

/**
 * Parameters and buffers by name: each normal parameter is `randn` of its size times its standard deviation, in the order
 * in which the model makes them, which is the notebooks' order. The generator stands after them then: what a notebook
 * draws next, its first batch, comes next.
 */
export function torchWeights(model: Learner, random: TorchRandom): TensorMap {
  return weightsBy(model, ({ std }, { count }) => random.randn(count).map((x) => x * std));
}
