/**
 * The entry point `./train`: a model on a device, the stages that train, evaluate, inspect and sample it, and
 * the shards and batches that feed them.
 *
 * @module
 */
export type * from "../../kernels/mod.ts";
export type * from "../flow/mod.ts";
export * from "../evaluate/choice_tally.ts";
export * from "../evaluate/evaluate.ts";
export * from "../evaluate/evaluate_hellaswag.ts";
export * from "../evaluate/evaluate_model.ts";
export * from "../evaluate/loss_tally.ts";
export * from "../evaluate/score_rows.ts";
export type { JsonlPosition } from "../format/text/jsonl.ts";
export type { TokenFormat } from "../format/tokens/token_formats.ts";
export type { TokenRange, TokenReader, TokenReadOptions } from "../format/tokens/token_reader.ts";
export type { TraceSpan } from "../format/viewer/chrome_trace.ts";
export { jupyterDisplay, type MimeBundle, type NotebookDisplay } from "../format/viewer/notebook.ts";
export { type DeadUnitOptions, deadUnits } from "../inspect/dead_units.ts";
export * from "../inspect/inspect.ts";
export { principalAxes } from "../inspect/principal_axes.ts";
export {
  type Histogram,
  histogramOf,
  type ValueStats,
  valueStats,
  type ValueStatsOptions,
} from "../inspect/value_stats.ts";
export type { Batch, Document, MetadataValue, Sequence, Tokens, TokenShard } from "../items.ts";
export type { ModelInspection } from "../model/gradient_reader.ts";
export type { ModelTrace, TracedAttention } from "../model/trace.ts";
export { attentionMaps } from "../inspect/attention_maps.ts";
export { Decoder, type LastToken } from "../model/kv_decoder.ts";
export * from "../model/model_session.ts";
export type { ModelUpdate } from "../model/model_update.ts";
export * from "../model/plan.ts";
export { type PlanCost, planCost } from "../model/plan_cost.ts";
export type { ScoringShape } from "../model/scoring.ts";
export * from "../model/weights.ts";
export type { GenerationStep } from "../sample/cache_slots.ts";
export { type GenerateOptions, generateTexts } from "../sample/generate_texts.ts";
export type { GeneratedTextOptions, GenerationEvent, TextRequest } from "../sample/generated_text.ts";
export * from "../sample/found_words.ts";
export * from "../sample/sample.ts";
export type { SamplingOptions } from "../sample/sample_token.ts";
export { sampleTexts, type SampleTextsOptions, TextSamples } from "../sample/sample_texts.ts";
export { StopStrings } from "../sample/stop_strings.ts";
export { type TokenEvent, TokenGenerator } from "../sample/token_generator.ts";
export type {
  GeneratedToken,
  GenerateTokensOptions,
  Hand,
  ScoredToken,
  TextEnd,
  TokenConstraint,
  TokenRequest,
} from "../sample/token_text.ts";
export * from "../shard/batch.ts";
export { candidatesFirst, type CandidatesOptions } from "../shard/candidates.ts";
export type { Region } from "../shard/extents.ts";
export type { HeldOutSize } from "../shard/held_out_text.ts";
export { holdOut } from "../shard/hold_out.ts";
export * from "../shard/shard.ts";
export * from "../shard/windows.ts";
export * from "../task/choice_rows.ts";
export * from "../task/hellaswag.ts";
export * from "../task/multiple_choice.ts";
export type { SpecialOptions } from "../token/special.ts";
export type { TokenRoles } from "../token/token_roles.ts";
export type { DecodeOptions, TextWithOffsets, Tokenizer } from "../token/tokenizer.ts";
export * from "./divergence.ts";
export { SkipBatchError } from "./divergence_response.ts";
export type { DevicePlanOptions, ManualStep, StepBatch } from "./on_device/device_options.ts";
export { devicePrograms, threadsFor } from "./on_device/device_plan.ts";
export * from "./on_device/device_trainer.ts";
export { exampleCount, type Examples } from "./on_device/examples.ts";
export * from "./on_device/word_examples.ts";
export type { OpenSchedule, SpeedMeter, TrainingTime } from "./open_schedule.ts";
export type { OpTime } from "./op_times.ts";
export { outlierWindow, zScore } from "./outliers.ts";
export { PendingResults, type PendingUpdate } from "./pending_results.ts";
export { type Profile, Profiler } from "./profile.ts";
export * from "./train.ts";
