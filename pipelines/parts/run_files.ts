/**
 * Finds files of the run that a checkpoint belongs to.
 *
 * @module
 */
import { exists } from "../../stages/disk/whole_files.ts";
import { withoutEndSlash } from "../../stages/disk/paths.ts";

/**
 * Returns the path of `name` in the folder of a run; `checkpoint` is that folder or one of its checkpoints.
 * Returns null if the run has no such file.
 */
export async function runFile(checkpoint: string, name: string): Promise<string | null> {
  const folder = withoutEndSlash(checkpoint);
  for (const dir of [folder, `${folder}/..`, `${folder}/../..`]) {
    if (await exists(`${dir}/${name}`)) return `${dir}/${name}`;
  }
  return null;
}

/**
 * Returns the folder of a model's tokenizer: that of the run, or the model's own folder if it is a Hugging
 * Face folder with a tokenizer. Returns null if there is none.
 */
export async function runTokenizer(model: string): Promise<string | null> {
  const own = await runFile(model, "tokenizer");
  if (own !== null) return own;
  const folder = withoutEndSlash(model);
  for (const name of ["tokenizer.json", "meta.json", "vocab.json"]) {
    if (await exists(`${folder}/${name}`)) return folder;
  }
  return null;
}
