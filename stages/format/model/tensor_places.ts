/**
 * The tensors of one or several safetensors files that together contain a model.
 *
 * @module
 */
import { excerpt } from "../text/excerpt.ts";
import { widened } from "./float_types.ts";
import type { ByteSource } from "./byte_source.ts";
import { openSafetensorsIn, type SafetensorsFile } from "./safetensors_tensors.ts";
import type { TensorEntry } from "./safetensors_header.ts";
import type { WeightFile } from "./weight_file.ts";

/** The types of floats that are read, as safetensors names them. */
export const floats: ReadonlyMap<string, "f32" | "f16" | "bf16"> = new Map([
  ["F32", "f32"],
  ["F16", "f16"],
  ["BF16", "bf16"],
]);

/** Makes an error that names the model's file or folder. */
export type Refused = (why: string, cause?: unknown) => Error;

/** Open files, and where each tensor is. */
export interface TensorPlaces {
  /** Entry of each tensor, by its name in the model. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Type of the floats; "mixed" if there are several types. */
  readonly dtype: WeightFile["dtype"];
  /** Reads a tensor as float32. Throws RangeError for a name that the files do not contain. */
  read(name: string): Promise<Float32Array<ArrayBuffer>>;
  /** Closes the files. */
  close(): void;
}

/**
 * Opens files; they are closed if that fails. `nameOf` returns the model's name of a tensor in a file, or
 * null for a tensor to ignore. Throws Deno.errors.InvalidData for a damaged file, and if a name occurs twice.
 */
export async function openTensors(
  sources: readonly ByteSource[],
  { nameOf, refused }: { nameOf(name: string): string | null; readonly refused: Refused },
): Promise<TensorPlaces> {
  const close = (): void => sources.forEach((source) => source.close());
  try {
    const places = new Map<string, { readonly file: SafetensorsFile; readonly entry: TensorEntry }>();
    for (const source of sources) {
      const file = await openSafetensorsIn(source);
      for (const entry of file.header.entries) {
        const name = nameOf(entry.name);
        if (name === null) continue;
        if (places.has(name)) throw refused(`tensor ${excerpt(name)} occurs twice`);
        places.set(name, { file, entry });
      }
    }
    const types = new Set([...places.values()].map(({ entry }) => floats.get(entry.dtype) ?? "mixed"));
    const [first] = types;
    return {
      entries: new Map([...places].map(([name, { entry }]) => [name, entry])),
      dtype: types.size === 1 ? first : "mixed",
      async read(name) {
        const place = places.get(name), dtype = floats.get(place?.entry.dtype ?? "");
        if (place === undefined || dtype === undefined) {
          throw new RangeError(`Cannot read ${name}: there is no such tensor`);
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
