/**
 * Data moving through time: the flow and its laws, sources, filters, tokenizers, shards, training.
 *
 * @module
 */
export * from "./items.ts";
export * from "./flow/as_source.ts";
export * from "./flow/as_stage.ts";
export * from "./flow/as_transform.ts";
export * from "./flow/checkpoint/checkpoint.ts";
export * from "./flow/events.ts";
export * from "./flow/flow.ts";
export * from "./flow/check_resume.ts";
export * from "./flow/checkpoint/memory_checkpoints.ts";
export * from "./flow/parallel/parallel.ts";
export * from "./flow/stage.ts";
export type { Anchor } from "./format/packed/packed_file.ts";
export type { RetryOptions } from "./format/web/remote.ts";
export type { ByteRange as Stretch } from "./format/packed/byte_range.ts";
export type { TokenFormat } from "./format/tokens/token_formats.ts";
export * from "./source/chain.ts";
export type { DamageOptions, DamagePolicy } from "./source/files/damage.ts";
export * from "./source/embedded/embedded.ts";
export * from "./source/files/file_source.ts";
export * from "./source/files/html.ts";
export * from "./source/hub.ts";
export * from "./source/mix.ts";
export * from "./source/files/parquet.ts";
export * from "./source/parts.ts";
export * from "./source/files/json_files.ts";
export * from "./source/files/text.ts";
export * from "./source/token_shards.ts";
export * from "./source/uri.ts";
export * from "./source/files/warc.ts";
export * from "./filter/rules/c4.ts";
export * from "./filter/extract.ts";
export * from "./filter/fineweb.ts";
export * from "./filter/fineweb_group.ts";
export * from "./filter/rules/fineweb_quality.ts";
export * from "./filter/rules/gopher_quality.ts";
export * from "./filter/rules/gopher_repetition.ts";
export type { FastText, Prediction } from "./filter/language/fasttext.ts";
export * from "./filter/language/language.ts";
export { minhashClusters, type MinhashClustersOptions } from "./filter/minhash/minhash_clusters.ts";
export {
  type DuplicateCounts,
  findDuplicates,
  type FindDuplicatesOptions,
  readRemoval,
} from "./filter/minhash/find_duplicates.ts";
export { minhashSeen, type MinhashSeenOptions } from "./filter/minhash/minhash_seen.ts";
export * from "./filter/minhash/drop_duplicates.ts";
export * from "./filter/minhash/rank_store.ts";
export { minhashSign } from "./filter/minhash/minhash_sign.ts";
export { SignatureLog } from "./filter/minhash/signature_log.ts";
export type { SignatureSet } from "./filter/minhash/signature_set.ts";
export { type SignatureOptions, Signer } from "./filter/minhash/signer.ts";
export { type SortOptions, sortSignatures } from "./filter/minhash/sort_signatures.ts";
export * from "./filter/pii/pii.ts";
export * from "./filter/recipe.ts";
export type { FrequencyCounts } from "./filter/survey/frequency_counts.ts";
export * from "./filter/survey/survey.ts";
export * from "./filter/url/url.ts";
export * from "./filter/url/url_lists.ts";
export * from "./filter/words/words.ts";
export * from "./token/bpe.ts";
export * from "./token/byte.ts";
export * from "./token/char.ts";
export { count as countTokens } from "./token/count.ts";
export * from "./token/decode_stream.ts";
export * from "./token/encode.ts";
export * from "./token/encode_parallel.ts";
export * from "./token/files/folder.ts";
export type { Pattern } from "./token/split/patterns.ts";
export * from "./token/special.ts";
export { END_OF_TEXT, endOfText } from "./token/end_of_text.ts";
export * from "./token/load_tokenizer.ts";
export * from "./token/tokenizer.ts";
export { tokenizerNames } from "./token/tokenizer_names.ts";
export * from "./token/train/train_bpe.ts";
export { Vocabulary } from "./token/vocabulary.ts";
export * from "./shard/batch.ts";
export * from "./shard/shard.ts";
export type { Region } from "./shard/extents.ts";
export * from "./shard/windows.ts";
export * from "./sink/documents.ts";
export * from "./sink/parquet.ts";
export type { TraceSpan } from "./format/viewer/chrome_trace.ts";
export type { JsonlPosition as JsonlPlace } from "./format/text/jsonl.ts";
export * from "./task/choice_rows.ts";
export * from "./task/hellaswag.ts";
export * from "./task/multiple_choice.ts";
export * from "./evaluate/evaluate_hellaswag.ts";
export * from "./evaluate/choice_tally.ts";
export * from "./evaluate/evaluate.ts";
export * from "./evaluate/evaluate_model.ts";
export * from "./train/on_device/word_examples.ts";
export * from "./sample/sample.ts";
export { type CompletedUpdate, PendingResults, type PendingUpdate } from "./train/pending_results.ts";
export type { SamplingOptions } from "./sample/sample_token.ts";
export * from "./model/plan.ts";
export type { OpTime } from "./train/op_times.ts";
export { type Profile, Profiler } from "./train/profile.ts";
export * from "./evaluate/loss_tally.ts";
export * from "./inspect/inspect.ts";
export { type DeadUnitOptions, deadUnits } from "./inspect/dead_units.ts";
export type { Histogram, ValueStats, ValueStatsOptions } from "./inspect/value_stats.ts";
export { histogramOf, valueStats } from "./inspect/value_stats.ts";
export { principalAxes } from "./inspect/principal_axes.ts";
export { type PlanCost, planCost } from "./model/plan_cost.ts";
export * from "./train/on_device/device_trainer.ts";
export { devicePrograms, threadsFor } from "./train/on_device/device_plan.ts";
export type { DevicePlanOptions, ManualStep, StepBatch } from "./train/on_device/device_options.ts";
export { exampleCount, type Examples } from "./train/on_device/examples.ts";
export * from "./evaluate/score_rows.ts";
export type { ScoringShape } from "./model/scoring.ts";
export * from "./model/model_session.ts";
export type { ModelUpdate } from "./model/model_update.ts";
export type { ModelInspection } from "./model/gradient_reader.ts";
export { outlierWindow, zScore } from "./train/outliers.ts";
export * from "./train/train.ts";
export * from "./train/divergence.ts";
export { SkipBatchError } from "./train/divergence_response.ts";
export * from "./model/weights.ts";
export { Decoder, type LastToken } from "./model/kv_decoder.ts";
export { StopStrings } from "./sample/stop_strings.ts";
export {
  type GenerateOptions,
  generateTexts,
  type GenerationEvent,
  type GenerationStep,
  type TextRequest,
} from "./sample/generate_texts.ts";
