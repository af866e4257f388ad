/**
 * Names folders without a run for commands that are printed to be typed next: a run is not started in the
 * folder of another.
 *
 * @module
 */
import { existsSync } from "../../../stages/disk/whole_files.ts";
import { shellWord } from "../../cli/shell_word.ts";

/** Returns the first of `folder`, `folder-2`, `folder-3` and so on that does not exist. */
export function freeFolder(folder: string): string {
  for (let n = 1;; n++) {
    const path = n === 1 ? folder : `${folder}-${n}`;
    if (!existsSync(path)) return path;
  }
}

/** Returns the `--out` that a command of this pipeline needs, as typed; "" if its default folder is free. */
export function outOption(pipeline: string): string {
  const folder = freeFolder(`runs/${pipeline}`);
  return folder === `runs/${pipeline}` ? "" : ` --out ${shellWord(folder)}`;
}
