/**
 * Goes back to an earlier checkpoint of a run.
 *
 * @module
 */
import { exists, readIfThere, removeIfThere, writeWhole } from "../../disk/whole_files.ts";
import { checkpointNames, numberOf } from "./checkpoint_names.ts";

/**
 * Makes a run resume from its last checkpoint whose step is at most `step`, and returns the checkpoint's
 * name. The next checkpoint removes the later ones. If there is none, removes all checkpoints, so that the
 * run begins anew, and returns null.
 */
export async function goBack(dir: string, step: number): Promise<string | null> {
  if (!await exists(dir)) return null;
  const names = await checkpointNames(dir), last = (await readIfThere(`${dir}/latest`))?.trim();
  if (last !== undefined && numberOf(last) >= 0 && numberOf(last) <= step) return last;
  const found = names.find((name) => numberOf(name) <= step && !name.endsWith(".old"));
  if (found === undefined) {
    for (const name of ["latest", "best", ...names]) await removeIfThere(`${dir}/${name}`);
    return null;
  }
  await writeWhole(`${dir}/latest`, `${found}\n`);
  return found;
}
