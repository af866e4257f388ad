/**
 * The best model of a run as a safetensors file, with what it was trained on, so that nothing else goes on with it.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import {
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
} from "../../../stages/format/model/safetensors.ts";
import { UsageError } from "../../cli/usage_error.ts";
import { replaceWhole } from "../../../stages/disk/whole_files.ts";

/** What a model can only go on with. */
export type MakemoreIdentity = Readonly<Record<"type" | "letters" | "context" | "words" | "seed", string>>;

/** What was kept. */
export interface KeptModel {
  readonly weights: TensorMap;
  /** Of the test set, when it was kept. */
  readonly test: number;
}

/** Writes a model: whole, or not at all. */
export async function keepModel(
  path: string,
  { weights, test, identity }: KeptModel & { readonly identity: MakemoreIdentity },
): Promise<void> {
  const metadata = { ...identity, test: String(test) };
  await replaceWhole(path, (beside) => writeSafetensors(beside, weights, metadata));
}

/**
 * Reads a model to go on with it. Throws UsageError where there is none, it was trained on something else, or its sizes
 * are not `shapes`.
 */
export async function keptModel(
  path: string,
  { identity, shapes }: {
    readonly identity: MakemoreIdentity;
    readonly shapes: ReadonlyMap<string, readonly number[]>;
  },
): Promise<KeptModel> {
  let metadata: Readonly<Record<string, string>>;
  try {
    ({ metadata } = await readSafetensorsHeader(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UsageError(`No model at ${path}: train one first, without --resume and --sample-only`);
  }
  for (const [name, wanted] of Object.entries(identity)) {
    if (metadata[name] === wanted) continue;
    throw new UsageError(
      `Cannot go on with ${path}: its ${name}: ${
        metadata[name] ?? "unknown"
      }, wanted ${wanted}: give the options that it was trained with, or another --out`,
    );
  }
  const weights = await readSafetensors(path);
  for (const [name, shape] of shapes) {
    const found = weights[name]?.shape;
    if (String(found) === String(shape)) continue;
    throw new UsageError(
      `Cannot go on with ${path}: its ${name} is [${
        found ?? ""
      }], wanted [${shape}]: give the sizes that it was trained with, or another --out`,
    );
  }
  return { weights, test: Number(metadata.test) };
}
