/**
 * A model of the Llama family in safetensors files, those of Hugging Face or the one of a checkpoint. Types
 * are float32, float16 and bfloat16. A head that equals the embedding is ignored; one that differs is the
 * model's own, whatever the configuration says.
 *
 * @module
 */
import { type Shape, sizeOf } from "../../../kernels/core/tensor.ts";
import type { LlamaConfig } from "../../../kernels/models/llama_options.ts";
import { invalidData } from "../invalid_data.ts";
import { excerpt } from "../text/excerpt.ts";
import type { ByteSource } from "./byte_source.ts";
import { EMBEDDING, HEAD, llamaTensors, partsOf } from "./llama_tensors.ts";
import { isTied } from "./tied_head.ts";
import { floats, openTensors } from "./tensor_places.ts";
import type { NamedShape, WeightFile } from "./weight_file.ts";

/** Names that other programs put beside the weights: tables that the configuration determines. */
const ignored = /(^|\.)rotary_emb\.inv_freq$/;
const NAMES_IN_ERROR = 3; // enough to see how the file spells its names

/**
 * Opens the files that together contain a model; error messages call them `path`. `joined` says whether the
 * files have the model's joined matrices, as checkpoints do, or their parts, as Hugging Face's files do. An
 * untied model without a head is tied. Throws Deno.errors.InvalidData if a tensor is missing, unknown or
 * repeated, or has another shape or type than `config` implies.
 */
export async function openLlamaSafetensors(
  files: readonly ByteSource[],
  { path, config: given, joined }: {
    readonly path: string;
    readonly config: LlamaConfig;
    readonly joined: boolean;
  },
): Promise<WeightFile> {
  const refused = (why: string): Error =>
    invalidData(`Cannot read ${path} as a model of the Llama family: ${why}`);
  const places = await openTensors(files, {
    refused,
    nameOf: (name) => ignored.test(name) ? null : name,
  });
  try {
    const tie = given.tie !== false
      ? await isTied(places, { head: HEAD, embedding: EMBEDDING })
      : !places.entries.has(HEAD);
    const config = { ...given, tie };
    const shapes = new Map<string, Shape>(), members = new Map<string, readonly string[]>();
    const left = new Set(places.entries.keys());
    for (const { name, shape } of llamaTensors(config)) {
      const parts = joined ? [{ name, shape }] : partsOf({ name, shape }, config);
      for (const part of parts) {
        check(part);
        left.delete(part.name);
      }
      members.set(name, parts.map((part) => part.name));
      shapes.set(name, parts.length > 1 ? shape : places.entries.get(name)?.shape ?? shape);
    }
    if (tie) left.delete(HEAD);
    const [unknown] = left;
    if (unknown !== undefined) throw refused(`tensor ${excerpt(unknown)} is not part of this model`);
    return {
      path,
      config,
      dtype: places.dtype,
      shapes,
      async read(name) {
        const data = new Float32Array(sizeOf(shapes.get(name) ?? [0]));
        let at = 0;
        for (const member of members.get(name) ?? [name]) {
          const part = await places.read(member);
          data.set(part, at);
          at += part.length;
        }
        return data;
      },
      close: places.close,
    };
  } catch (error) {
    places.close();
    throw error;
  }

  function check({ name, shape }: NamedShape): void {
    const entry = places.entries.get(name);
    if (entry === undefined) {
      const found = [...places.entries.keys()].slice(0, NAMES_IN_ERROR).map(excerpt).join(", ");
      throw refused(`tensor ${name} is missing: the first names found are ${found || "none"}`);
    }
    const [rows, columns] = entry.shape;
    const padded = (name === EMBEDDING || name === HEAD) && entry.shape.length === 2 &&
      columns === shape[1] &&
      rows >= shape[0];
    if (!padded && String(entry.shape) !== String(shape)) {
      throw refused(`tensor ${name} has shape ${excerpt(entry.shape)}, expected [${shape}]`);
    }
    if (!floats.has(entry.dtype)) {
      throw refused(
        `tensor ${name} has type ${entry.dtype}, expected one of ${[...floats.keys()].join(", ")}`,
      );
    }
  }
}
