/**
 * Options of pipelines that run a model without training it.
 *
 * @module
 */
import { oneOf, path } from "../../cli/option_types.ts";
import { oneOfValues, unlessOff } from "./requirements.ts";

/** How the weights of a quantised model are used. */
export const quantizedOptions = {
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

/** Which model runs, and how the weights of a quantised one are used. */
export const inferenceOptions = {
  checkpoint: path(
    "a run's folder, one of its checkpoints, a .bin of llm.c or llama2.c, a .gguf, a .pt or a safetensors folder",
    { value: "runs/fineweb-gpt2", group: "Model", stored: "model" },
  ),
  tokenizer: path(
    "gpt2, p50k, p50k_edit, cl100k, o200k, o200k_harmony, byte or a tokenizer's folder; default: the one in the run's folder, or gpt2 if there is none",
    { value: null, placeholder: "NAME|PATH", group: "Model", stored: "tokenizer" },
  ),
  ...quantizedOptions,
};
