/**
 * Models in GGUF files, as llama.cpp converts and runs them: of the Llama family, and GPT-2.
 *
 * @module
 */
import { type BlockRows, hasProducts } from "../../../../kernels/core/blocks/block_layout.ts";
import { sizeOf } from "../../../../kernels/core/tensor.ts";
import { isLlama } from "../../../../kernels/models/model_config.ts";
import { readFull } from "../../../disk/exact_io.ts";
import { openFile } from "../../../disk/files.ts";
import { excerpt } from "../../text/excerpt.ts";
import { gpt2Tensors } from "../gpt2_tensors.ts";
import { llamaTensors, partsOf } from "../llama_tensors.ts";
import type { NamedShape, WeightFile } from "../weight_file.ts";
import { hasFiniteScales } from "../../../../kernels/core/blocks/block_formats.ts";
import { dequantized } from "./blocks.ts";
import { ggufConfig } from "./config.ts";
import { type GgufTensor, readGgufHeader } from "./header.ts";
import {
  asInHuggingFace,
  ggufArchitectures,
  ggufName,
  ggufShape,
  ROPE_FACTORS,
  rowsInHuggingFace,
} from "./names.ts";

/**
 * Opens a model. Its tensors are read as float32; `dtype` is "f16" or "bf16" if all matrices have the type,
 * otherwise "mixed". Throws Deno.errors.InvalidData for a damaged file, another architecture, and tensors
 * that do not fit the metadata.
 */
export async function openGgufModel(path: string): Promise<WeightFile> {
  const { tensors, metadata } = await readGgufHeader(path);
  const refused = (why: string): Error =>
    new Deno.errors.InvalidData(`Cannot read the model in ${path}: ${why}`);
  const name = metadata.get("general.architecture");
  const architecture = ggufArchitectures.find((known) => known === name);
  if (architecture === undefined) {
    throw refused(
      `general.architecture is ${excerpt(name)}, expected one of ${ggufArchitectures.join(", ")}`,
    );
  }
  const file = await openFile(path);
  try {
    const bytesOf = async ({ begin, bytes: size }: GgufTensor): Promise<Uint8Array<ArrayBuffer>> => {
      const bytes = new Uint8Array(size);
      await file.seek(begin, Deno.SeekMode.Start);
      await readFull(file, bytes, path);
      return bytes;
    };
    const valuesOf = async (tensor: GgufTensor): Promise<Float32Array<ArrayBuffer>> =>
      dequantized(await bytesOf(tensor), tensor.type);
    const factors = tensors.get(ROPE_FACTORS);
    const config = ggufConfig({
      architecture,
      metadata,
      shapes: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
      ropeFactors: factors === undefined ? null : await valuesOf(factors),
      refused,
    });
    const places = new Map<string, readonly PlacedPart[]>();
    const shapes = new Map<string, NamedShape["shape"]>(), left = new Set(tensors.keys());
    left.delete(ROPE_FACTORS);
    const partOf = (part: NamedShape) => {
      const name = ggufName(part.name, config), tensor = tensors.get(name), shape = ggufShape(part);
      if (tensor === undefined) throw refused(`tensor ${name} is missing`);
      if (String(tensor.shape) !== String(shape)) {
        throw refused(`tensor ${name} has shape [${tensor.shape}], expected [${shape}]`);
      }
      left.delete(name);
      return { ...part, tensor };
    };
    for (const whole of isLlama(config) ? llamaTensors(config) : gpt2Tensors(config)) {
      places.set(whole.name, (isLlama(config) ? partsOf(whole, config) : [whole]).map(partOf));
      shapes.set(whole.name, whole.shape);
    }
    const [unknown] = left;
    if (unknown !== undefined) throw refused(`tensor ${excerpt(unknown)} is not part of this model`);
    const partsOfTensor = (name: string): readonly PlacedPart[] => {
      const parts = places.get(name);
      if (parts === undefined) throw new RangeError(`Cannot read ${name}: ${path} has no such tensor`);
      return parts;
    };
    return {
      path,
      config,
      dtype: typeOf([...tensors.values()]),
      shapes,
      async read(name) {
        const parts = partsOfTensor(name);
        const data = new Float32Array(parts.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
        let at = 0;
        for (const { tensor, ...part } of parts) {
          data.set(asInHuggingFace(await valuesOf(tensor), { ...part, config, architecture }), at);
          at += sizeOf(part.shape);
        }
        return data;
      },
      blocks: {
        rows: isLlama(config) ? blocksOf(places) : new Map(), // GPT-2's matrices are transposed
        async read(name) {
          const parts = partsOfTensor(name), size = parts.reduce((sum, { tensor }) => sum + tensor.bytes, 0);
          const words = new Uint32Array(Math.ceil(size / 4)), all = new Uint8Array(words.buffer);
          let at = 0;
          for (const { tensor, ...part } of parts) {
            const bytes = await bytesOf(tensor), { format } = tensor.type;
            if (format === undefined) {
              throw new RangeError(`Cannot read blocks of ${name}: it is not quantised`);
            }
            if (!hasFiniteScales(bytes, format)) {
              throw refused(
                `tensor ${tensor.name} has a scale that is NaN or infinite: fetch the file again`,
              );
            }
            all.set(rowsInHuggingFace(bytes, { ...part, config, architecture }), at);
            at += tensor.bytes;
          }
          return words;
        },
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** A tensor of Hugging Face's files, and where it is. */
type PlacedPart = NamedShape & { readonly tensor: GgufTensor };

/** Returns the tensors all of whose parts have blocks that products can use. */
function blocksOf(
  places: ReadonlyMap<string, readonly PlacedPart[]>,
): ReadonlyMap<string, readonly BlockRows[]> {
  const blocks = new Map<string, readonly BlockRows[]>();
  for (const [name, parts] of places) {
    const rows = parts.flatMap(({ shape, tensor: { type: { format } } }) =>
      format !== undefined && shape.length === 2 && hasProducts(format, shape[1])
        ? [{ format, rows: shape[0] }]
        : []
    );
    if (rows.length === parts.length) blocks.set(name, rows);
  }
  return blocks;
}

/** Returns the type of the matrices: norms and biases are float32 in files of any type. */
function typeOf(tensors: readonly GgufTensor[]): WeightFile["dtype"] {
  const names = new Set(tensors.filter(({ shape }) => shape.length > 1).map(({ type: { name } }) => name));
  const [first] = names;
  if (names.size > 1) return "mixed";
  return first === "F32" ? "f32" : first === "F16" ? "f16" : first === "BF16" ? "bf16" : "mixed";
}
