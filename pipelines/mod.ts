/**
 * What a file that declares a pipeline imports: `pipeline()` and the types of its options.
 *
 * @module
 */
export * from "./cli/option_types.ts";
export {
  type Env,
  type Lookup,
  type Option,
  type OptionRequirement,
  type Options,
  type Pipeline,
  pipeline,
  type RankFolders,
  type RunSummary,
  type SkippedBatch,
  type TextStyle,
  type Values,
} from "./cli/pipeline.ts";
export type { DescribedPreset, Preset, PresetChoice, Presets } from "./cli/presets.ts";
export { UsageError } from "./cli/usage_error.ts";
