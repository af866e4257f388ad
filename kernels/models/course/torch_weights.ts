/**
 * Initial weights as in a notebook: torch's normal random numbers, drawn parameter by parameter.
 *
 * @module
 */
import type { TensorMap } from "../../core/tensor.ts";
import type { TorchRandom } from "../../random/torch_random.ts";
import { drawWeights, type TrainableModel } from "../model.ts";

/**
 * Returns the initial values of parameters and buffers by name. Each normal parameter is `randn` of its size,
 * multiplied by its standard deviation. Parameters are drawn in the order in which the model creates them, as
 * in the notebooks. Afterwards the generator is in the state in which a notebook draws its first batch.
 */
export function torchWeights(model: TrainableModel, random: TorchRandom): TensorMap {
  return drawWeights(model, ({ std }, { count }) => random.randn(count).map((x) => x * std));
}
