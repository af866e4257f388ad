/**
 * First weights as a notebook drew them: torch's normal numbers, parameter by parameter.
 *
 * @module
 */
import type { TensorMap } from "../../core/tensor.ts";
import type { TorchRandom } from "../../random/torch_random.ts";
import { drawWeights, type TrainableModel } from "../model.ts";

/**
 * Parameters and buffers by name: each normal parameter is `randn` of its size times its standard deviation, in the order
 * in which the model makes them, which is the notebooks' order. The generator stands after them then: what a notebook
 * draws next, its first batch, comes next.
 */
export function torchWeights(model: TrainableModel, random: TorchRandom): TensorMap {
  return drawWeights(model, ({ std }, { count }) => random.randn(count).map((x) => x * std));
}
