/**
 * The texts of a folder, for the tool search.
 *
 * @module
 */
import { realPathSync } from "../../../stages/disk/files.ts";
import { isFolderSync } from "../../../stages/disk/whole_files.ts";
import { from } from "../../../stages/flow/flow.ts";
import type { Document } from "../../../stages/items.ts";
import { findSource, openSource } from "../../../stages/source/uri.ts";

/**
 * Yields the documents in a folder and its folders. Files that are links out of the folder, and damaged ones,
 * are left out, so that a model finds nothing that does not lie in it. Throws RangeError for a path
 * that is no folder, and Deno.errors.NotFound for a folder with nothing to read.
 */
export async function* folderTexts(folder: string): AsyncGenerator<Document, void, undefined> {
  if (!isFolderSync(folder)) throw new RangeError(`Cannot search ${folder}: it is no folder: give a folder`);
  const root = realPathSync(folder), { summary: { files } } = await findSource([folder], { damaged: "skip" });
  for (const file of files) {
    if (!realPathSync(file).startsWith(root.endsWith("/") ? root : `${root}/`)) continue;
    yield* from(await openSource([file], { damaged: "skip" })).stream();
  }
}
