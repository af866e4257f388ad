/**
 * What a file that declares a pipeline imports: `pipeline()` and the types of its options.
 *
 * @module
 */
export * from "./cli/option_types.ts";
export {
  type Env,
  type Example,
  type Lookup,
  type Option,
  type OptionRequirement,
  type Options,
  type Pipeline,
  pipeline,
  type RankFolders,
  type RequirementContext,
  type SkippedBatch,
  type SparedOption,
  type TextStyle,
  type Values,
} from "./cli/pipeline.ts";
export type { DescribedPreset, Preset, PresetChoice, Presets } from "./cli/presets.ts";
export type { Case, InputFill } from "../kernels/core/case.ts";
export type { Gpu, GpuFeature, GpuLimits, WgslKernel } from "../kernels/core/gpu.ts";
export type {
  Call,
  CustomGradient,
  Graph,
  Op,
  Pack,
  Tensor,
  Traffic,
  WasmFormula,
} from "../kernels/core/graph.ts";
export type { NamedSpec, PackMember } from "../kernels/core/pack.ts";
export type { Program, Slot } from "../kernels/core/program.ts";
export type { DType, MemoryKind, Shape, Spec, TensorMap } from "../kernels/core/tensor.ts";
export type {
  CallTiming,
  Engine,
  ReplayOptions,
  Session,
  SessionCounters,
} from "../kernels/engine/engine.ts";
export type { Machine } from "./cli/machine.ts";
export type {
  Barrier,
  Checkpoints,
  Json,
  SavedState,
  StageCounts,
  StageSnapshot,
  TensorFile,
} from "../stages/flow/checkpoint/checkpoint.ts";
export type {
  ChangeEvent,
  CheckpointEvent,
  DoneEvent,
  EvalEvent,
  HellaswagEvent,
  InspectEvent,
  LessonEvent,
  NoteEvent,
  RunEvent,
  RunStartEvent,
  SampleEvent,
  StageEvent,
  StepEvent,
  SurveyEvent,
  TensorStats,
  TokensEvent,
} from "../stages/flow/events.ts";
export type {
  Effect,
  Flow,
  Lengths,
  Measure,
  PipeOptions,
  Reject,
  Rejects,
  RunOptions,
  RunResult,
  Step,
  StepInfo,
} from "../stages/flow/flow.ts";
export type { Context, Many, Rng, Source, Stage, takeCheckpoint } from "../stages/flow/stage.ts";
export type { StageStats } from "../stages/report/stage_stats.ts";
export type { SpeedWork } from "./cli/run/speed_hints.ts";
export type { RunSummary } from "../stages/run/record_run.ts";
export { UsageError } from "../stages/run/usage_error.ts";
