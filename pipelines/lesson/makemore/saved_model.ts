/**
 * Saves the best model of a run as a safetensors file. The file's metadata describe the data and the model,
 * so that a run with other data or another model does not continue from it.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import {
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
} from "../../../stages/format/model/safetensors.ts";
import { UsageError } from "../../../stages/run/usage_error.ts";
import { replaceWhole } from "../../../stages/disk/whole_files.ts";

/** Keys of the metadata that a run compares with its own values, and their names in messages. */
const properties = [
  ["type", "type"],
  ["letters", "alphabet"],
  ["context", "row length"],
  ["words", "number of words"],
  ["seed", "seed"],
] as const;

/** Properties that must be the same in a saved model and in a run that continues from it. */
export type ModelIdentity = Readonly<Record<typeof properties[number][0], string>>;

/** A model that was read from a file. */
export interface SavedModel {
  readonly weights: TensorMap;
  /** Test loss of these weights. */
  readonly test: number;
}

/** The properties that a saved model must have so that a run can use it. */
export interface SavedModelRequirements {
  readonly identity: ModelIdentity;
  /** Shapes of the parameters; the key is the parameter's name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/** Writes a model atomically: either the whole file or nothing. */
export async function saveModel(
  path: string,
  { weights, test, identity }: SavedModel & { readonly identity: ModelIdentity },
): Promise<void> {
  const metadata = { ...identity, test: String(test) };
  await replaceWhole(path, (temporary) => writeSafetensors(temporary, weights, metadata));
}

/**
 * Reads a saved model. Throws UsageError for a missing file, and for a model with another identity or other
 * shapes.
 */
export async function readSavedModel(
  path: string,
  { identity, shapes }: SavedModelRequirements,
): Promise<SavedModel> {
  let metadata: Readonly<Record<string, string>>;
  try {
    ({ metadata } = await readSafetensorsHeader(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UsageError(`No model at ${path}: train one first, without --resume auto and --sample-only`);
  }
  for (const [key, name] of properties) {
    const expected = identity[key], actual = metadata[key];
    if (actual === expected) continue;
    throw new UsageError(
      `Cannot use the model at ${path}: its ${name} is ${
        actual ?? "unknown"
      }, but this run's is ${expected}: ` +
        "give the options that it was trained with, or another --out",
    );
  }
  const weights = await readSafetensors(path);
  for (const [name, shape] of shapes) {
    const actual = weights[name]?.shape;
    if (String(actual) === String(shape)) continue;
    throw new UsageError(
      `Cannot use the model at ${path}: its ${name} ${
        actual === undefined ? "is missing" : `has shape [${actual}]`
      }, but this run needs shape [${shape}]: give the sizes that it was trained with, or another --out`,
    );
  }
  return { weights, test: Number(metadata.test) };
}
