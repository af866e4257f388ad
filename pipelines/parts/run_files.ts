/**
 * Finds files of the run that a checkpoint belongs to.
 *
 * @module
 */
import { dirname } from "node:path";
import { fileInfo } from "../../stages/disk/files.ts";
import { exists } from "../../stages/disk/whole_files.ts";
import { isLlama2cFile } from "../../stages/format/model/llama2c/llama2c_model.ts";
import { isGguf, readGgufHeader } from "../../stages/format/model/gguf/header.ts";
import { folderOfModel } from "../../stages/run/phases_file.ts";
import { withoutEndSlash } from "../../stages/disk/paths.ts";

/**
 * Returns the path of `name` in the folder of a run; `checkpoint` is that folder or one of its checkpoints.
 * Returns null if the run has no such file.
 */
export async function runFile(checkpoint: string, name: string): Promise<string | null> {
  const folder = await folderOfModel(withoutEndSlash(checkpoint));
  for (const dir of [folder, `${folder}/..`, `${folder}/../..`]) {
    if (await exists(`${dir}/${name}`)) return `${dir}/${name}`;
  }
  return null;
}

/**
 * Returns the path of a model's tokenizer: the folder of the run's, the model's own folder if it is a Hugging
 * Face folder with a tokenizer, or a GGUF file itself, or the tokenizer.bin beside a model of llama2.c.
 * Returns null if there is none.
 */
export async function runTokenizer(model: string): Promise<string | null> {
  if (await exists(model) && (await fileInfo(model)).isFile && await isGguf(model)) {
    const kind = (await readGgufHeader(model)).metadata.get("tokenizer.ggml.model") ?? "none";
    if (kind !== "none" && kind !== "no_vocab") return model;
  }
  if (model.endsWith(".bin") && await exists(model) && await isLlama2cFile(model)) {
    const beside = `${dirname(model)}/tokenizer.bin`;
    if (await exists(beside)) return beside;
  }
  const own = await runFile(model, "tokenizer");
  if (own !== null) return own;
  const folder = withoutEndSlash(model);
  for (const name of ["tokenizer.json", "meta.json", "vocab.json"]) {
    if (await exists(`${folder}/${name}`)) return folder;
  }
  return null;
}
