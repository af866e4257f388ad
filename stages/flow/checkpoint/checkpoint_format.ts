/**
 * The version of the checkpoint format, which is `format` in manifest.json. It increases when a checkpoint of
 * the version before could no longer be read as it is; the changelog in stages/README.md says what changed.
 *
 * @module
 */
import type { Json } from "../../disk/json.ts";

/** The version that this program writes and reads. */
export const checkpointFormat = 1;

/**
 * Checks the `format` in the manifest of the checkpoint in `folder`. Throws Deno.errors.NotSupported if it is
 * a newer or an older version, and Deno.errors.InvalidData if it is no version at all.
 */
export function checkFormat(format: Json | undefined, folder: string): void {
  if (format === checkpointFormat) return;
  if (typeof format !== "number" || !Number.isInteger(format) || format < 0) {
    throw new Deno.errors.InvalidData(`${folder}/manifest.json is not the manifest of a checkpoint`);
  }
  const reads = `${folder} has checkpoint format ${format}, this version reads format ${checkpointFormat}`;
  throw new Deno.errors.NotSupported(
    format > checkpointFormat
      ? `${reads}: it was written by a newer version: update this program`
      : `${reads}: it was written by an older version: use the version that the run's config.json names`,
  );
}
