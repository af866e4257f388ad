/**
 * Training a GPT as a stream graph of typed stages. This is the main entry point, with what a training script
 * needs: flows, sources, filters, tokenizers, shards, models, engines, training, evaluation, text generation,
 * reports. The other entry points have everything of their topic: `./flow`, `./sources`, `./filters`,
 * `./tokenizers`, `./train`, `./report`, `./kernels`.
 *
 * @module
 */
export type {
  Activations,
  BlockLayout,
  BlockRows,
  ProductFormat,
} from "./kernels/core/blocks/block_layout.ts";
export type { Case, InputFill } from "./kernels/core/case.ts";
export type { Gpu, GpuFeature, GpuLimits, WgslKernel } from "./kernels/core/gpu.ts";
export type {
  Call,
  CustomGradient,
  Graph,
  Op,
  Pack,
  Tensor,
  Traffic,
  WasmFormula,
} from "./kernels/core/graph.ts";
export type { NamedSpec, PackMember } from "./kernels/core/pack.ts";
export type { Program, Slot } from "./kernels/core/program.ts";
export type {
  AdaptedLayer,
  Init,
  LowRankAdapters,
  Parameter,
  QuantizedWeights,
  Scope,
} from "./kernels/core/scope.ts";
export type { DType, MemoryKind, Shape, Spec, TensorMap } from "./kernels/core/tensor.ts";
export type {
  CallTiming,
  ChangeOptions,
  Engine,
  OpenOptions,
  PackRange,
  ReplayOptions,
  Session,
  SessionCounters,
  SessionRanks,
} from "./kernels/engine/engine.ts";
export { type OpenedEngine, openEngine, type OpenEngineOptions } from "./kernels/engine/open.ts";
export type { KernelChoices, Tuning, TuningStore } from "./kernels/engine/webgpu/tuning.ts";
export type { LoraConfig } from "./kernels/models/lora_config.ts";
export { gpt } from "./kernels/models/gpt.ts";
export type { GptConfig, gptOptions } from "./kernels/models/gpt_options.ts";
export { llama } from "./kernels/models/llama.ts";
export { nanochat } from "./kernels/models/nanochat.ts";
export type { NanochatConfig, nanochatOptions } from "./kernels/models/nanochat_options.ts";
export type { LlamaConfig, llamaOptions } from "./kernels/models/llama_options.ts";
export {
  type ForwardOptions,
  initialWeights,
  type KvCache,
  type LossInputs,
  type Model,
  type Randomness,
  type Recompute,
  type Segments,
  type TableNames,
  type TrainableModel,
} from "./kernels/models/model.ts";
export type { ConfigOf, OptionValue } from "./kernels/models/model_options.ts";
export { adamw, type AdamWOptions } from "./kernels/optim/adamw.ts";
export { muon, type MuonOptions } from "./kernels/optim/muon.ts";
export { nanochatOptimizer, type NanochatOptimizerOptions } from "./kernels/optim/nanochat_optimizer.ts";
export type { Optimizer, UpdateInputs } from "./kernels/optim/optimizer.ts";
export {
  type Schedule,
  schedule,
  type ScheduleKind,
  type ScheduleOptions,
} from "./kernels/optim/schedule.ts";
export { sgd, type SgdOptions } from "./kernels/optim/sgd.ts";
export { evaluate, type EvaluateOptions } from "./stages/evaluate/evaluate.ts";
export { evaluateHellaswag, type EvaluateHellaswagOptions } from "./stages/evaluate/evaluate_hellaswag.ts";
export { type LossSummary, type TokenBytes, validationLoss } from "./stages/evaluate/loss_tally.ts";
export { type ArticleOptions, extract } from "./stages/filter/extract.ts";
export { fineweb, type RejectsSinkFor } from "./stages/filter/fineweb.ts";
export type {
  FinewebFilter,
  finewebFilters,
  FinewebOptions,
  MinhashChoice,
} from "./stages/filter/fineweb_group.ts";
export { language, type LanguageOptions } from "./stages/filter/language/language.ts";
export { minhashSeen, type MinhashSeenOptions } from "./stages/filter/minhash/minhash_seen.ts";
export { minhashSign } from "./stages/filter/minhash/minhash_sign.ts";
export type { SignatureRecords } from "./stages/filter/minhash/signature_set.ts";
export type { SignatureOptions } from "./stages/filter/minhash/signer.ts";
export { pii, type PiiOptions, type PiiState } from "./stages/filter/pii/pii.ts";
export type { RecipeGeneration, RuleOptions } from "./stages/filter/recipe.ts";
export { c4, type C4Options } from "./stages/filter/rules/c4.ts";
export { finewebQuality, type FinewebQualityOptions } from "./stages/filter/rules/fineweb_quality.ts";
export { gopherQuality, type GopherQualityOptions } from "./stages/filter/rules/gopher_quality.ts";
export { gopherRepetition, type GopherRepetitionOptions } from "./stages/filter/rules/gopher_repetition.ts";
export type {
  SentenceSplitterName,
  sentenceSplitterNames,
  Splitter,
  WordSplitterName,
  wordSplitterNames,
} from "./stages/filter/words/words.ts";
export { asSource, type ItemCursor } from "./stages/flow/as_source.ts";
export { asStage } from "./stages/flow/as_stage.ts";
export { asTransform } from "./stages/flow/as_transform.ts";
export { type CheckResumeOptions, checkSource, checkStage } from "./stages/flow/check_resume.ts";
export {
  type Barrier,
  type CheckpointFolderOptions,
  type Checkpoints,
  type Json,
  openCheckpoints,
  readCheckpoint,
  type SavedState,
  type StageCounts,
  type StageSnapshot,
  type TensorFile,
  type WrittenCheckpoint,
} from "./stages/flow/checkpoint/checkpoint.ts";
export { MemoryCheckpoints } from "./stages/flow/checkpoint/memory_checkpoints.ts";
export type {
  CardEvent,
  ChangeEvent,
  CheckpointEvent,
  DoneEvent,
  EvalEvent,
  GraphEvent,
  GraphStage,
  HellaswagEvent,
  InspectEvent,
  LessonEvent,
  NoteEvent,
  PreferenceEvent,
  ProfileEvent,
  RolloutEvent,
  RunEvent,
  RunStartEvent,
  SampleEvent,
  StageEvent,
  StepEvent,
  SurveyEvent,
  TaskEvent,
  TensorStats,
  TimingEvent,
  TokensEvent,
  WordsEvent,
} from "./stages/flow/events.ts";
export {
  type Effect,
  Flow,
  from,
  type FromOptions,
  type Items,
  type Lengths,
  type Measure,
  type PipeOptions,
  type Reject,
  type Rejects,
  type RunOptions,
  type RunResult,
  type Step,
  type StepInfo,
} from "./stages/flow/flow.ts";
export type { CheckpointRequest } from "./stages/flow/checkpoint_request.ts";
export {
  type GroupModule,
  type ItemLimit,
  parallel,
  type ParallelOptions,
} from "./stages/flow/parallel/parallel.ts";
export {
  type Context,
  giveBackItem,
  type Many,
  map,
  type Rng,
  rule,
  type Source,
  type Stage,
  stage,
  takeCheckpoint,
} from "./stages/flow/stage.ts";
export type { JsonlPosition } from "./stages/format/text/jsonl.ts";
export type { TokenFormat } from "./stages/format/tokens/token_formats.ts";
export type { TokenRange, TokenReader, TokenReadOptions } from "./stages/format/tokens/token_reader.ts";
export type { TraceSpan } from "./stages/format/viewer/chrome_trace.ts";
export type { RetryOptions } from "./stages/format/web/retry.ts";
export { inspect, type InspectOptions } from "./stages/inspect/inspect.ts";
export type { ValueStatsOptions } from "./stages/inspect/value_stats.ts";
export type { Batch, Document, MetadataValue, Sequence, Tokens, TokenShard } from "./stages/items.ts";
export type { ModelInspection } from "./stages/model/gradient_reader.ts";
export type { ModelTrace, TracedAttention } from "./stages/model/trace.ts";
export type { AttentionForm } from "./kernels/ops/attention/attention_sizes.ts";
export type { Decoder, LastToken } from "./stages/model/kv_decoder.ts";
export {
  type ModelSession,
  openModel,
  type OpenModelOptions,
  type StepResult,
} from "./stages/model/model_session.ts";
export type { ModelUpdate } from "./stages/model/model_update.ts";
export {
  type OuterStep,
  type OverlapPart,
  type Plan,
  plan,
  type PlanOptions,
  type TrainingPlan,
} from "./stages/model/plan.ts";
export type { ScoringShape } from "./stages/model/scoring.ts";
export { fitWeights } from "./stages/model/weights.ts";
export { MetricsFile, readEvents } from "./stages/report/metrics.ts";
export type { RunLimits } from "./stages/report/progress.ts";
export type { RemovedSample } from "./stages/report/removed_samples.ts";
export type { ComparedRun } from "./stages/report/comparable.ts";
export { type ReportInput, reportPage } from "./stages/report/report.ts";
export type { StageStats } from "./stages/report/stage_stats.ts";
export { type Display, plainDisplay, type Screen, standardError } from "./stages/report/terminal.ts";
export { type FolderRun, runFolder, type RunFolderOptions } from "./stages/run/run_folder.ts";
export type { GenerationStep } from "./stages/sample/cache_slots.ts";
export { type GenerateOptions, generateTexts } from "./stages/sample/generate_texts.ts";
export type { GeneratedTextOptions, GenerationEvent, TextRequest } from "./stages/sample/generated_text.ts";
export { generateText, sample, type SampleOptions, type SampleStageOptions } from "./stages/sample/sample.ts";
export type { SamplingOptions } from "./stages/sample/sample_token.ts";
export { batch, type BatchOptions } from "./stages/shard/batch.ts";
export type { HeldOutSize } from "./stages/shard/held_out_text.ts";
export { holdOut } from "./stages/shard/hold_out.ts";
export { shard, type ShardOptions } from "./stages/shard/shard.ts";
export { windows, type WindowsOptions } from "./stages/shard/windows.ts";
export {
  type DocumentFileOptions,
  type DocumentFileState,
  type Row,
  writeDocuments,
  writeRemoved,
} from "./stages/sink/documents.ts";
export { type ParquetSinkState, writeParquet } from "./stages/sink/parquet.ts";
export { chain, type ChainState } from "./stages/source/chain.ts";
export {
  embedded,
  type EmbeddedName,
  embeddedNames,
  type EmbeddedOptions,
  type EmbeddedState,
} from "./stages/source/embedded/embedded.ts";
export type { DamageOptions, DamagePolicy } from "./stages/source/files/damage.ts";
export type { PageOptions } from "./stages/source/files/html.ts";
export type { RecordKeys } from "./stages/source/files/record.ts";
export type { PlainTextOptions } from "./stages/source/files/text.ts";
export type { HubOptions } from "./stages/source/hub.ts";
export { mix, type MixOptions, type MixPart, type MixState } from "./stages/source/mix.ts";
export type { InputIdentities, InputIdentity } from "./stages/source/identity.ts";
export {
  type StoredShards,
  tokenShards,
  type TokenShardsOptions,
  type TokenShardsState,
} from "./stages/source/token_shards.ts";
export { openSource, type SourceOptions } from "./stages/source/uri.ts";
export { hellaswag, type HellaswagOptions, type HellaswagState } from "./stages/task/hellaswag.ts";
export type { MultipleChoice } from "./stages/task/multiple_choice.ts";
export type { BpeTokenizer, Merge } from "./stages/token/bpe.ts";
export { byteTokenizer } from "./stages/token/byte.ts";
export { CharTokenizer } from "./stages/token/char.ts";
export { count as countTokens } from "./stages/token/count.ts";
export { decodeStream } from "./stages/token/decode_stream.ts";
export { encode, type EncodeOptions } from "./stages/token/encode.ts";
export { encodeParallel, type ParallelEncoding } from "./stages/token/encode_parallel.ts";
export { saveTokenizer, type SaveTokenizerOptions } from "./stages/token/files/folder.ts";
export { loadTokenizer } from "./stages/token/load_tokenizer.ts";
export type { SpecialOptions, TextSegment } from "./stages/token/special.ts";
export type { Pattern } from "./stages/token/split/patterns.ts";
export type { TokenRoles } from "./stages/token/token_roles.ts";
export type { DecodeOptions, TextWithOffsets, Tokenizer } from "./stages/token/tokenizer.ts";
export type { UnstableEncoding } from "./stages/token/unstable.ts";
export {
  type TieBreak,
  trainBpe,
  type TrainBpeOptions,
  type TrainBpeReport,
} from "./stages/token/train/train_bpe.ts";
export type { Vocabulary } from "./stages/token/vocabulary.ts";
export type { DivergenceAction, DivergenceOptions } from "./stages/train/divergence.ts";
export type { OpenSchedule } from "./stages/train/open_schedule.ts";
export type { OpTime } from "./stages/train/op_times.ts";
export type { Profile } from "./stages/train/profile.ts";
export { type BatchContext, train, type TrainedAdapters, type TrainOptions } from "./stages/train/train.ts";
