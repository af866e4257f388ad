/**
 * Loads a pipeline from a user's own file.
 *
 * @module
 */
import { isWrongPath } from "../../stages/disk/file_error.ts";
import { loadModule } from "../../stages/disk/module_file.ts";
import { isPipeline, missingFields, type Options, type Pipeline } from "./pipeline.ts";
import { UsageError } from "../../stages/run/usage_error.ts";

/** Returns whether a word is the path of a file, rather than a name: it contains a slash. */
export function isFilePath(word: string): boolean {
  return word.includes("/") || word.includes("\\");
}

/**
 * Returns the pipeline that a file exports as default. A relative path starts at the current folder. Throws
 * UsageError if there is no such file or if its default export is no pipeline, and the file's own error if it
 * cannot be loaded.
 */
export async function loadPipelineFile(path: string): Promise<Pipeline<Options>> {
  const { default: value } = await loadUserModule(path);
  if (isPipeline(value)) return value;
  const problem = value === undefined
    ? "it has no default export"
    : value === null
    ? "its default export is null"
    : typeof value !== "object"
    ? `its default export is a ${typeof value}`
    : `its default export has no ${missingFields(value).join(" and no ")}`;
  throw new UsageError(
    `Cannot run ${path}: ${problem}: write "export default pipeline({ about, options, build })" in it`,
  );
}

async function loadUserModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await loadModule(path, { action: "run", hint: "give the path of a file that exports a pipeline" });
  } catch (error) {
    throw isWrongPath(error) ? new UsageError(error.message, { cause: error }) : error;
  }
}
