/**
 * A GPT-2 in safetensors files, those of Hugging Face or the one of a checkpoint.
 *
 * Tensor names may have the prefixes that wrappers add (`transformer.`, PyTorch's `module.` of data-parallel
 * training and `_orig_mod.` of `torch.compile`); types are float32, float16 and bfloat16. Attention masks are
 * ignored, and so is a head that equals the embedding; one that differs is the model's own. Linear weights
 * are [in, out], as in GPT-2's Conv1D.
 *
 * @module
 */
import type { Shape } from "../../../kernels/core/tensor.ts";
import type { GptConfig } from "../../../kernels/models/gpt_options.ts";
import { invalidData } from "../invalid_data.ts";
import { excerpt } from "../text/excerpt.ts";
import type { ByteSource } from "./byte_source.ts";
import { EMBEDDING, gpt2Tensors, HEAD } from "./gpt2_tensors.ts";
import type { TensorEntry } from "./safetensors_header.ts";
import { isTied } from "./tied_head.ts";
import { floats, openTensors } from "./tensor_places.ts";
import type { WeightFile } from "./weight_file.ts";

/** Prefixes of tensor names, in any order and number. */
const prefixes = /^(?:(?:transformer|module|_orig_mod|model)\.)+/;

/** Names of attention masks, which published files contain besides the weights. */
const masks = /(^|\.)attn\.(bias|masked_bias)$/;

const NAMES_IN_ERROR = 3; // enough to see how the file spells its names

/**
 * Opens the files that together contain a model; error messages call them `path`. A model without `ln_f.bias`
 * has no biases at all. Throws Deno.errors.InvalidData if a tensor is missing, unknown or repeated, or has
 * another shape or type than `config` implies.
 */
export async function openGpt2Safetensors(
  files: readonly ByteSource[],
  { path, config: given }: { readonly path: string; readonly config: GptConfig },
): Promise<WeightFile> {
  const places = await openTensors(files, {
    refused: (why) => refused(path, why),
    nameOf(full) {
      const name = full.replace(prefixes, "");
      return masks.test(name) ? null : name;
    },
  });
  try {
    const bias = places.entries.has("ln_f.bias");
    const tie = given.tie !== false && await isTied(places, { head: HEAD, embedding: EMBEDDING });
    const config = { ...given, ...(!bias && { bias }), ...(!tie && { tie }) };
    const { dtype, read, close } = places;
    return { path, config, dtype, shapes: shapesOf(places.entries, { path, config }), read, close };
  } catch (error) {
    places.close();
    throw error;
  }
}

/** Checks that the files contain exactly the model's tensors, and returns the tensors' shapes. */
function shapesOf(
  places: ReadonlyMap<string, TensorEntry>,
  { path, config }: { readonly path: string; readonly config: GptConfig },
): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const { name, shape } of gpt2Tensors(config)) {
    const entry = places.get(name);
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
  // A tied head is not read.
  const unknown = [...places.keys()].find((name) => !shapes.has(name) && name !== HEAD);
  if (unknown !== undefined) throw refused(path, `tensor ${excerpt(unknown)} is not part of this GPT-2`);
  return shapes;
}

function refused(path: string, why: string, cause?: unknown): Error {
  return invalidData(`Cannot read ${path} as a GPT-2: ${why}`, { cause });
}
