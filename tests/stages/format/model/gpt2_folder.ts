/**
 * Writes Hugging Face folders of a small model, for tests of readers and writers.
 *
 * @module
 */
import { sizeOf } from "../../../../kernels/core/tensor.ts";
import type { GptConfig } from "../../../../kernels/models/gpt_options.ts";
import { gpt2Config } from "../../../../stages/format/model/gpt2_config.ts";
import { EMBEDDING, gpt2Tensors, HEAD } from "../../../../stages/format/model/gpt2_tensors.ts";
import type { NamedShape } from "../../../../stages/format/model/weight_file.ts";
import { createSafetensors } from "../../../../stages/format/model/safetensors.ts";

/** A model of a few hundred parameters. */
export const smallConfig: GptConfig = { layers: 2, heads: 2, channels: 4, seqLen: 3, vocabSize: 5 };

/** Returns the values of a tensor, determined by its name and each value's index. */
export function valuesOf({ name, shape }: NamedShape): Float32Array {
  const key = [...name].reduce((sum, character, i) => sum + (i + 1) * (character.codePointAt(0) ?? 0), 0);
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(key + 0.7 * i));
}

/**
 * Writes a folder. `spell` returns the name of a tensor in the file; `more` are tensors besides those of the
 * model.
 */
export async function writeGpt2Folder(
  folder: string,
  { config = smallConfig, spell = (name) => name, more = [], tied = true }: {
    readonly config?: GptConfig;
    readonly spell?: (name: string) => string;
    readonly more?: readonly NamedShape[];
    /** Whether a head among `more` has the embedding's values; default true. */
    readonly tied?: boolean;
  } = {},
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const tensors = [...gpt2Tensors(config), ...more];
  const writer = await createSafetensors(`${folder}/model.safetensors`, {
    tensors: tensors.map(({ name, shape }) => ({ name: spell(name), shape })),
    dtype: "f32",
  });
  for (const tensor of tensors) {
    const isCopy = tied && more.includes(tensor) && tensor.name === HEAD;
    await writer.write(valuesOf(isCopy ? { ...tensor, name: EMBEDDING } : tensor));
  }
  await writer.end();
  writer.close();
  await Deno.writeTextFile(`${folder}/config.json`, gpt2Config(config, { dtype: "f32", endOfText: null }));
}
