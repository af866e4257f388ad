/**
 * What stands beside a checkpoint in its run's folder.
 *
 * @module
 */
import { exists } from "./run_folder.ts";

/** The path of `name` in the run's folder that `checkpoint` is, or belongs to; null where there is none. */
export async function beside(checkpoint: string, name: string): Promise<string | null> {
  const folder = checkpoint.replace(/(?<=.)\/+$/, "");
  for (const dir of [folder, `${folder}/..`, `${folder}/../..`]) {
    if (await exists(`${dir}/${name}`)) return `${dir}/${name}`;
  }
  return null;
}
