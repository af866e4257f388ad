/**
 * Finds pipelines by name. All pipelines are files of one folder.
 *
 * @module
 */
import { nearest } from "./args.ts";
import type { Options, Pipeline } from "./pipeline.ts";
import { UsageError } from "./usage_error.ts";

/** A pipeline and the name that users type for it. */
export interface NamedPipeline {
  readonly name: string;
  readonly pipeline: Pipeline<Options>;
}

/** Sorted names of the pipelines in a folder. The name of fineweb_gpt2.ts is `fineweb-gpt2`. */
export async function pipelineNames(folder: URL): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const match = /^([a-z][a-z0-9_]*)\.ts$/.exec(entry.name);
    if (entry.isFile && match !== null && match[1] !== "mod") names.push(match[1].replaceAll("_", "-"));
  }
  return names.sort();
}

/**
 * Loads a pipeline. The names `fineweb_gpt2` and `fineweb-gpt2.ts` are accepted for `fineweb-gpt2`. Throws
 * UsageError for an unknown name.
 */
export async function loadPipeline(folder: URL, name: string): Promise<NamedPipeline> {
  const names = await pipelineNames(folder);
  const plain = name.replace(/\.ts$/, "").replaceAll("_", "-");
  if (!names.includes(plain)) {
    const near = nearest(plain, names);
    throw new UsageError(
      `Unknown pipeline ${JSON.stringify(name)}: ${
        near === null ? `expected one of ${names.join(", ")}` : `did you mean ${near}?`
      }`,
    );
  }
  const module: { default?: unknown } = await import(
    new URL(`${plain.replaceAll("-", "_")}.ts`, folder).href
  );
  if (!isPipeline(module.default)) {
    throw new TypeError(`Cannot run ${plain}: its file must export a pipeline() as default`);
  }
  return { name: plain, pipeline: module.default };
}

function isPipeline(value: unknown): value is Pipeline<Options> {
  return typeof value === "object" && value !== null && "build" in value && "options" in value;
}
