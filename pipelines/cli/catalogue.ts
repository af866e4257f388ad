/**
 * Finds pipelines: those of this program by name, those of users by the path of a file.
 *
 * @module
 */
import { basename } from "node:path";
import { exists } from "../../stages/disk/whole_files.ts";
import { isFilePath, loadPipelineFile } from "./pipeline_file.ts";
import { isPipeline, type Options, type Pipeline } from "./pipeline.ts";
import { suggestedPipeline } from "./synonyms.ts";
import { UsageError } from "../../stages/run/usage_error.ts";

/** A pipeline and what users type for it. */
export interface NamedPipeline {
  /** Name in config.json and of the default run folder: `fineweb-gpt2`; of ./mine.ts `mine`. */
  readonly name: string;
  /** The word that a command names the pipeline by: `fineweb-gpt2`, `./mine.ts`. */
  readonly typed: string;
  readonly pipeline: Pipeline<Options>;
}

/** Returns the sorted names of the pipelines in a folder. The name of fineweb_gpt2.ts is `fineweb-gpt2`. */
export async function pipelineNames(folder: URL): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const match = /^([a-z][a-z0-9_]*)\.ts$/.exec(entry.name);
    if (entry.isFile && match !== null && match[1] !== "mod") names.push(match[1].replaceAll("_", "-"));
  }
  return names.sort();
}

/**
 * Loads a pipeline: by the path of its file if `name` contains a slash, otherwise by its name in `folder`.
 * The names `fineweb_gpt2` and `fineweb-gpt2.ts` are accepted for `fineweb-gpt2`. Throws UsageError for an
 * unknown name, and for a file that exports no pipeline.
 */
export async function loadPipeline(folder: URL, name: string): Promise<NamedPipeline> {
  if (isFilePath(name)) {
    const pipeline = await loadPipelineFile(name);
    return { name: basename(name).replace(/\.[cm]?[jt]s$/, ""), typed: name, pipeline };
  }
  const names = await pipelineNames(folder);
  const plain = name.replace(/\.ts$/, "").replaceAll("_", "-");
  if (!names.includes(plain)) throw await unknownPipeline(name, { plain, names });
  const module: { default?: unknown } = await import(
    new URL(`${plain.replaceAll("-", "_")}.ts`, folder).href
  );
  if (!isPipeline(module.default)) {
    throw new TypeError(`Cannot run ${plain}: its file must export a pipeline() as default`);
  }
  return { name: plain, typed: plain, pipeline: module.default };
}

async function unknownPipeline(
  name: string,
  { plain, names }: { readonly plain: string; readonly names: readonly string[] },
): Promise<UsageError> {
  const near = suggestedPipeline(plain, names);
  const hint = /\.[cm]?[jt]s$/.test(name) && await exists(name)
    ? `to run the file of that name, type ./${name}`
    : near !== null
    ? `did you mean ${near}?`
    : `expected one of ${names.join(", ")}`;
  return new UsageError(`Unknown pipeline ${JSON.stringify(name)}: ${hint}`);
}
