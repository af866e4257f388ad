/**
 * All pipelines of the program, with the options that can be typed for each.
 *
 * @module
 */
import { loadPipeline, type NamedPipeline, pipelineNames } from "../../pipelines/cli/catalogue.ts";
import { sparedOptions } from "../../pipelines/cli/effect.ts";
import type { Options } from "../../pipelines/cli/pipeline.ts";
import { runOptions } from "../../pipelines/cli/run_options.ts";

const folder = new URL("../../pipelines/", import.meta.url);

/** A pipeline and its options. */
export interface TypedPipeline extends NamedPipeline {
  /** The options of every pipeline and its own, without those that do nothing in it. */
  readonly acting: Options;
}

/** Loads all pipelines. */
export async function allPipelines(): Promise<readonly TypedPipeline[]> {
  const loaded = (await pipelineNames(folder)).map(async (name) => {
    const named = await loadPipeline(folder, name), spared = sparedOptions(named.pipeline);
    const options = Object.entries<Options[string]>({ ...runOptions, ...named.pipeline.options });
    return { ...named, acting: Object.fromEntries(options.filter(([option]) => !spared.has(option))) };
  });
  return await Promise.all(loaded);
}
