/**
 * Data moving through time: the flow and its laws, sources, filters, tokenizers, shards, training.
 *
 * @module
 */
export * from "./items.ts";
export * from "./flow/as_source.ts";
export * from "./flow/as_stage.ts";
export * from "./flow/as_transform.ts";
export * from "./flow/checkpoint.ts";
export * from "./flow/events.ts";
export * from "./flow/flow.ts";
export * from "./flow/law.ts";
export * from "./flow/memory_checkpoints.ts";
export * from "./flow/parallel.ts";
export * from "./flow/stage.ts";
export type { Anchor } from "./format/compressed.ts";
export type { RetryOptions } from "./format/remote.ts";
export type { Stretch } from "./format/stretch.ts";
export type { TokenFormat } from "./format/token_formats.ts";
export * from "./source/chain.ts";
export type { Damaged, DamageOptions } from "./source/damage.ts";
export * from "./source/embedded.ts";
export * from "./source/html.ts";
export * from "./source/hub.ts";
export * from "./source/mix.ts";
export * from "./source/parquet.ts";
export * from "./source/parts.ts";
export * from "./source/records.ts";
export * from "./source/text.ts";
export * from "./source/token_shards.ts";
export * from "./source/uri.ts";
export * from "./source/warc.ts";
export * from "./filter/c4.ts";
export * from "./filter/extract.ts";
export * from "./filter/fineweb.ts";
export * from "./filter/fineweb_group.ts";
export * from "./filter/fineweb_quality.ts";
export * from "./filter/gopher_quality.ts";
export * from "./filter/gopher_repetition.ts";
export type { FastText, Prediction } from "./filter/fasttext.ts";
export * from "./filter/language.ts";
export { minhashClusters, type MinhashClustersOptions } from "./filter/minhash/deduplicate.ts";
export {
  findDuplicates,
  type FindOptions,
  type Found,
  readRemoval,
} from "./filter/minhash/find_duplicates.ts";
export { minhashSeen, type MinhashSeenOptions } from "./filter/minhash/seen.ts";
export * from "./filter/minhash/set_aside.ts";
export { minhashSign } from "./filter/minhash/sign.ts";
export { SignatureLog } from "./filter/minhash/signature_log.ts";
export type { SignatureSet } from "./filter/minhash/signature_set.ts";
export { type SignatureOptions, Signer } from "./filter/minhash/signer.ts";
export { type SortOptions, sortSignatures } from "./filter/minhash/sort_signatures.ts";
export * from "./filter/pii.ts";
export * from "./filter/recipe.ts";
export type { Frequent } from "./filter/frequent.ts";
export * from "./filter/survey.ts";
export * from "./filter/url.ts";
export * from "./filter/url_lists.ts";
export * from "./filter/words.ts";
export * from "./token/bpe.ts";
export * from "./token/byte.ts";
export * from "./token/char.ts";
export { count as countTokens } from "./token/count.ts";
export * from "./token/decode_stream.ts";
export * from "./token/encode.ts";
export * from "./token/encode_parallel.ts";
export * from "./token/folder.ts";
export type { Pattern } from "./token/patterns.ts";
export * from "./token/special.ts";
export * from "./token/tokenizer.ts";
export * from "./token/train_bpe.ts";
export { Vocabulary } from "./token/vocabulary.ts";
export * from "./shard/batch.ts";
export * from "./shard/shard.ts";
export type { Region } from "./shard/extents.ts";
export * from "./shard/windows.ts";
export * from "./sink/documents.ts";
export * from "./sink/parquet.ts";
export type { OpTime } from "./report/op_times.ts";
export type { Span } from "./report/trace.ts";
export type { JsonlPlace } from "./format/jsonl.ts";
export * from "./task/choice_rows.ts";
export * from "./task/hellaswag.ts";
export * from "./task/task.ts";
export * from "./train/ask_hellaswag.ts";
export * from "./train/choice_tally.ts";
export * from "./train/evaluate.ts";
export * from "./train/examine.ts";
export * from "./train/examples.ts";
export * from "./train/generate.ts";
export { type Begun, type Ended, LateResults } from "./train/late_results.ts";
export type { PickOptions } from "./train/pick_token.ts";
export * from "./train/plan.ts";
export { type Profile, Profiler } from "./train/profile.ts";
export * from "./train/loss_tally.ts";
export * from "./train/inspect.ts";
export { type DeadUnitOptions, deadUnits } from "./train/dead_units.ts";
export type { Histogram, ValueStats, ValueStatsOptions } from "./train/value_stats.ts";
export { histogramOf, valueStats } from "./train/value_stats.ts";
export { principalAxes } from "./train/principal_axes.ts";
export { type PlanCost, planCost } from "./train/plan_cost.ts";
export * from "./train/resident.ts";
export {
  type ByHand,
  type Examples,
  examplesOf,
  type ResidentPlanOptions,
  residentPrograms,
  type StepBatch,
  threadsFor,
} from "./train/resident_plan.ts";
export * from "./train/score_rows.ts";
export type { ScoringShape } from "./train/scoring.ts";
export * from "./train/session.ts";
export { outlierWindow, zScore } from "./train/outliers.ts";
export * from "./train/train.ts";
export * from "./train/watch.ts";
export * from "./train/weights.ts";
export { Decoder, type NextToken } from "./train/decoder.ts";
export { StopStrings } from "./train/stop_strings.ts";
export {
  type TextRequest,
  type WriteOptions,
  writeTexts,
  type WritingWork,
  type Written,
} from "./train/write_texts.ts";
