/**
 * Options of pipelines that run a model without training it.
 *
 * @module
 */
import { oneOf } from "../../cli/option_types.ts";
import { oneOfValues, unlessOff } from "./requirements.ts";

/** How the weights of a quantised model are used. */
export const inferenceOptions = {
  weights: oneOf(
    "quantised weights of a .gguf: stored = multiply by them as they are; f32 = dequantise them",
    {
      value: "stored",
      choices: ["stored", "f32"],
      group: "Model",
    },
  ),
  activations: oneOf(
    "activations in products with quantised weights: f32 = exact; i8 = round them to 8 bits, which is faster on a CPU",
    {
      value: "f32",
      choices: ["f32", "i8"],
      group: "Model",
      requires: unlessOff(oneOfValues("weights", ["stored"], "--weights stored"), "f32"),
    },
  ),
};
