/**
 * What stands beside a checkpoint, in the folder of the run that it belongs to.
 *
 * @module
 */
import { exists } from "../../stages/disk/whole_files.ts";

/** The path of `name` in the run's folder that `checkpoint` is, or belongs to; null where there is none. */
export async function runFile(checkpoint: string, name: string): Promise<string | null> {
  const folder = checkpoint.replace(/(?<=.)\/+$/, "");
  for (const dir of [folder, `${folder}/..`, `${folder}/../..`]) {
    if (await exists(`${dir}/${name}`)) return `${dir}/${name}`;
  }
  return null;
}

/** The tokenizer of a model: its run's folder of one, or the files of one in a Hugging Face folder; null: none. */
export async function runTokenizer(model: string): Promise<string | null> {
  const own = await runFile(model, "tokenizer");
  if (own !== null) return own;
  const folder = model.replace(/(?<=.)\/+$/, "");
  for (const name of ["tokenizer.json", "meta.json", "vocab.json"]) {
    if (await exists(`${folder}/${name}`)) return folder;
  }
  return null;
}
