/**
 * The adapters of a run as a folder of PEFT.
 *
 * @module
 */
import { withLora } from "../../../kernels/models/lora.ts";
import { isLlama, isNanochat } from "../../../kernels/models/model_config.ts";
import { modelOf } from "../../../kernels/models/model_of.ts";
import { readText } from "../../../stages/disk/files.ts";
import { removeIfThere } from "../../../stages/disk/whole_files.ts";
import { writeAdapters } from "../../../stages/format/model/peft/peft_folder.ts";
import { readSafetensors } from "../../../stages/format/model/safetensors.ts";
import { readStream } from "../starting_weights.ts";

/**
 * Writes the adapters of the newest checkpoint of a run to `OUT/adapter`, as PEFT has them. Returns the line
 * that says so; none for a run that trains all weights, `lora` 0.
 */
export async function adapterLines(
  { lora: rank }: { readonly lora: number },
  { out }: { readonly out: string },
): Promise<readonly string[]> {
  if (rank === 0) return [];
  const checkpoint = `${out}/checkpoints/${(await readText(`${out}/checkpoints/latest`)).trim()}`;
  const path = `${checkpoint}/stream.json`, { config, adapters } = await readStream(path);
  if (adapters === null) throw new Deno.errors.InvalidData(`${path} describes no adapters`);
  const { lora, base } = adapters;
  withLora(modelOf(config), lora); // throws if they do not fit
  const weights = await readSafetensors(`${checkpoint}/model.safetensors`), folder = `${out}/adapter`;
  await removeIfThere(folder);
  await writeAdapters(folder, {
    lora,
    weights,
    base,
    isTransposed: !isLlama(config) && !isNanochat(config),
    inTransformer: !isLlama(config),
  });
  return [`Adapters: ${folder}`];
}
