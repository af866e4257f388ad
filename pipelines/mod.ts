/**
 * What a file that declares a pipeline imports: `pipeline()` and the types of its options.
 *
 * @module
 */
export type * from "../kernels/mod.ts";
export type * from "../stages/flow/mod.ts";
export * from "./cli/option_types.ts";
export {
  type Env,
  type Example,
  type Lookup,
  type Option,
  type OptionRequirement,
  type Options,
  type Phase,
  phasedPipeline,
  type Pipeline,
  pipeline,
  type PlannedMachine,
  type RankFolders,
  type RequirementContext,
  type SkippedBatch,
  type SparedOption,
  type TextStyle,
  type Values,
} from "./cli/pipeline.ts";
export type { DescribedPreset, Preset, PresetChoice, Presets } from "./cli/presets.ts";
export type { Machine } from "./cli/machine.ts";
export type { StageStats } from "../stages/report/stage_stats.ts";
export type { SpeedWork } from "./cli/run/speed_hints.ts";
export type { EndLines, FinishLines, RunSummary } from "../stages/run/record_run.ts";
export type { StoredInput } from "../stages/run/store/inputs/input_objects.ts";
export { UsageError } from "../stages/run/usage_error.ts";
export type {
  Efficiency,
  EfficiencyClass,
  MachineProfile,
  Quantity,
} from "../kernels/engine/machine_profile.ts";
