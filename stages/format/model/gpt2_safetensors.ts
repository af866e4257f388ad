/**
 * A GPT-2 in safetensors files: a folder as Hugging Face publishes it (with one file or with shards), or the
 * file of a checkpoint.
 *
 * Tensor names may have the prefixes that wrappers add (`transformer.`, PyTorch's `module.` of data-parallel
 * training and `_orig_mod.` of `torch.compile`); types are float32, float16 and bfloat16. Attention masks
 * and the head of a tied model are ignored. Linear weights are [in, out], as in GPT-2's Conv1D.
 *
 * @module
 */
import type { Shape } from "../../../kernels/core/tensor.ts";
import type { GptConfig } from "../../../kernels/models/gpt_options.ts";
import { excerpt } from "../text/excerpt.ts";
import { widened } from "./float_types.ts";
import { parseGpt2Config } from "./gpt2_config.ts";
import { EMBEDDING, gpt2Tensors, HEAD } from "./gpt2_tensors.ts";
import { parseJson } from "../text/parse_json.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors.ts";
import type { TensorEntry } from "./safetensors_header.ts";
import type { WeightFile } from "./weight_file.ts";
import { exists } from "../../disk/whole_files.ts";
import { fileInfo, readText } from "../../disk/files.ts";
import { isRecord } from "../../disk/json.ts";

/** Prefixes of tensor names, in any order and number. */
const prefixes = /^(?:(?:transformer|module|_orig_mod|model)\.)+/;

/** Names of attention masks, which published files contain besides the weights. */
const masks = /(^|\.)attn\.(bias|masked_bias)$/;

const floats: ReadonlyMap<string, "f32" | "f16" | "bf16"> = new Map([["F32", "f32"], ["F16", "f16"], [
  "BF16",
  "bf16",
]]);

const INDEX = "model.safetensors.index.json";
const MAX_JSON_BYTES = 1 << 24; // a config.json has about 1,000 bytes, an index about 100 bytes per tensor
const MAX_SHARDS = 1000;
const NAMES_IN_ERROR = 3; // enough to see how the file spells its names

/**
 * Opens a folder with config.json and model.safetensors, or with shards and their index. Throws
 * Deno.errors.NotFound if a file is missing, and Deno.errors.InvalidData if files are damaged, contradict
 * each other or are not a GPT-2.
 */
export async function openGpt2Folder(folder: string): Promise<WeightFile> {
  const configPath = `${folder}/config.json`;
  const config = parseGpt2Config(await readSmallText(configPath), configPath);
  if (!await exists(`${folder}/${INDEX}`)) {
    return await openGpt2Safetensors([`${folder}/model.safetensors`], { path: folder, config });
  }
  const names = shardsOf(await readSmallText(`${folder}/${INDEX}`), `${folder}/${INDEX}`);
  return await openGpt2Safetensors(names.map((name) => `${folder}/${name}`), { path: folder, config });
}

/**
 * Opens the files that together contain a model; error messages call them `path`. A model without `ln_f.bias`
 * has no biases at all. Throws Deno.errors.InvalidData if a tensor is missing, unknown or repeated, or has
 * another shape or type than `config` implies.
 */
export async function openGpt2Safetensors(
  paths: readonly string[],
  { path, config: given }: { readonly path: string; readonly config: GptConfig },
): Promise<WeightFile> {
  const open: SafetensorsFile[] = [];
  const close = (): void => open.forEach((file) => file.close());
  try {
    const places = new Map<string, { readonly file: SafetensorsFile; readonly entry: TensorEntry }>();
    for (const each of paths) {
      const file = await openSafetensors(each);
      open.push(file);
      for (const entry of file.header.entries) {
        const name = entry.name.replace(prefixes, "");
        if (masks.test(name) || name === HEAD && given.tie !== false) continue;
        if (places.has(name)) throw refused(path, `tensor ${excerpt(name)} occurs twice`);
        places.set(name, { file, entry });
      }
    }
    const bias = places.has("ln_f.bias");
    const config = bias ? given : { ...given, bias };
    const shapes = shapesOf(places, { path, config });
    const types = new Set([...places.values()].map(({ entry }) => floats.get(entry.dtype) ?? "mixed"));
    const [first] = types;
    return {
      path,
      config,
      dtype: types.size === 1 ? first : "mixed",
      shapes,
      async read(name) {
        const place = places.get(name);
        const dtype = floats.get(place?.entry.dtype ?? "");
        if (place === undefined || dtype === undefined) {
          throw new RangeError(`Cannot read ${name}: ${path} has no such tensor`);
        }
        return widened(await place.file.bytes(place.entry), dtype);
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Checks that the files contain exactly the model's tensors, and returns the tensors' shapes. */
function shapesOf(
  places: ReadonlyMap<string, { readonly entry: TensorEntry }>,
  { path, config }: { readonly path: string; readonly config: GptConfig },
): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const { name, shape } of gpt2Tensors(config)) {
    const entry = places.get(name)?.entry;
    if (entry === undefined) {
      const found = [...places.keys()].slice(0, NAMES_IN_ERROR).map(excerpt).join(", ");
      throw refused(path, `tensor ${name} is missing: the first names found are ${found || "none"}`);
    }
    // The embedding and the head may have padding rows.
    const [rows, columns] = entry.shape;
    const padded = (name === EMBEDDING || name === HEAD) && entry.shape.length === 2 &&
      columns === shape[1] &&
      rows >= shape[0];
    if (!padded && String(entry.shape) !== String(shape)) {
      const nanogpt = entry.shape.length === 2 && String(entry.shape.toReversed()) === String(shape);
      throw refused(
        path,
        `tensor ${name} has shape ${excerpt(entry.shape)}, expected [${shape}]${
          nanogpt
            ? ": it is transposed, as nanoGPT's linear layers are: transpose it before writing the file"
            : ""
        }`,
      );
    }
    if (!floats.has(entry.dtype)) {
      throw refused(
        path,
        `tensor ${name} has type ${entry.dtype}, expected one of ${[...floats.keys()].join(", ")}`,
      );
    }
    shapes.set(name, entry.shape);
  }
  const unknown = [...places.keys()].find((name) => !shapes.has(name));
  if (unknown !== undefined) throw refused(path, `tensor ${excerpt(unknown)} is not part of this GPT-2`);
  return shapes;
}

/** Returns the file names in an index, without duplicates. */
function shardsOf(text: string, path: string): readonly string[] {
  const index = parsed(text, path);
  const map = isRecord(index) ? index.weight_map : null;
  if (!isRecord(map)) {
    throw refused(path, "it has no weight_map");
  }
  const names = new Set<string>();
  for (const name of Object.values(map)) {
    if (typeof name !== "string" || !/^[\w-][\w.-]*\.safetensors$/.test(name)) {
      throw refused(
        path,
        `its weight_map names ${excerpt(name)}, expected a safetensors file in the same folder`,
      );
    }
    names.add(name);
  }
  if (names.size === 0 || names.size > MAX_SHARDS) {
    throw refused(path, `its weight_map names ${names.size} files, expected 1 to ${MAX_SHARDS}`);
  }
  return [...names].sort();
}

function parsed(text: string, path: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw refused(path, "it is not JSON", cause);
  }
}

async function readSmallText(path: string): Promise<string> {
  const { size } = await fileInfo(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Deno.errors.NotFound(
      `Cannot read ${path}: it is missing: give a Hugging Face folder, with config.json and model.safetensors`,
      { cause },
    );
  });
  if (size > MAX_JSON_BYTES) throw refused(path, `it has ${size} bytes, expected at most ${MAX_JSON_BYTES}`);
  return await readText(path);
}

function refused(path: string, why: string, cause?: unknown): Error {
  return new Deno.errors.InvalidData(`Cannot read ${path} as a GPT-2: ${why}`, { cause });
}
