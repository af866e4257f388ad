/**
 * nanochat's checkpoints: `model_000123.pt`, a dictionary of weights, and the configuration in
 * `meta_000123.json` beside it. Source: karpathy/nanochat, checkpoint_manager.py.
 *
 * @module
 */
import { exists } from "../../../disk/whole_files.ts";
import { parseJson } from "../../text/parse_json.ts";
import { fieldsOf } from "../json_fields.ts";
import { readJsonText } from "../json_text.ts";
import { nanochatConfigOf, nanochatModel, nanochatNameOf } from "../nanochat_format.ts";
import type { WeightFile } from "../weight_file.ts";
import { type PyTorchFile, PyTorchTensor } from "./archive.ts";
import type { PickleValue } from "./pickle.ts";

/** Returns whether a file's value is a dictionary of nanochat's weights. */
export function isNanochatWeights(value: PickleValue): value is ReadonlyMap<PickleValue, PickleValue> {
  return value instanceof Map &&
    [...value.keys()].some((name) => /(^|\.)transformer\.h\.0\.attn\.c_q\.weight$/.test(String(name)));
}

/**
 * Returns the model of a checkpoint. Throws Deno.errors.InvalidData if the configuration is not beside it,
 * and the errors of `nanochatModel`.
 */
export async function nanochatPyTorchModel(file: PyTorchFile, path: string): Promise<WeightFile> {
  const { value, refused } = file, meta = path.replace(/model(_[^/\\]*)?\.pt$/, "meta$1.json");
  if (meta === path || !await exists(meta)) {
    throw refused(
      `its options are in ${
        meta === path ? "meta_NUMBER.json" : meta
      }, which is missing: copy it there, and keep the ` +
        "names model_NUMBER.pt and meta_NUMBER.json",
    );
  }
  const text = await readJsonText(meta);
  let json: unknown;
  try {
    json = parseJson(text);
  } catch {
    throw refused(`${meta} is not JSON`);
  }
  const tensors = new Map<string, PyTorchTensor>();
  for (const [key, tensor] of value instanceof Map ? value : []) {
    const name = nanochatNameOf(String(key));
    if (!(tensor instanceof PyTorchTensor)) throw refused(`${name} is no tensor`);
    if (tensors.has(name)) throw refused(`tensor ${name} occurs twice`);
    tensors.set(name, tensor);
  }
  return nanochatModel({
    shapes: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
    dtype: "mixed", // embeddings are bfloat16 where nanochat was trained on a GPU
    async read(name) {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new RangeError(`Cannot read ${name}: ${path} has no such tensor`);
      return await file.read(tensor);
    },
    close: file.close,
    refused,
  }, { path, config: nanochatConfigOf(fieldsOf(json)("model_config"), meta) });
}
