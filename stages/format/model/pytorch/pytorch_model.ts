/**
 * Models in files that `torch.save` wrote: nanoGPT's ckpt.pt, and nanochat's model_NUMBER.pt.
 *
 * @module
 */
import type { WeightFile } from "../weight_file.ts";
import { openPyTorch } from "./archive.ts";
import { isNanochatWeights, nanochatPyTorchModel } from "./nanochat.ts";
import { isNanoGpt, nanoGptModel } from "./nanogpt.ts";

/**
 * Opens a model. Throws Deno.errors.InvalidData for a file that is damaged, of PyTorch before 1.6, uses more
 * than tensors and plain data, or holds another model.
 */
export async function openPyTorchModel(path: string): Promise<WeightFile> {
  const file = await openPyTorch(path);
  try {
    if (isNanoGpt(file.value)) return await nanoGptModel(file, path);
    if (isNanochatWeights(file.value)) return await nanochatPyTorchModel(file, path);
    throw file.refused(
      "it holds neither nanoGPT's model and model_args nor nanochat's weights: save other models with " +
        "transformers' save_pretrained and give the folder",
    );
  } catch (error) {
    file.close();
    throw error;
  }
}
