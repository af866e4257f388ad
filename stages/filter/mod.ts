/**
 * The entry point `./filters`: FineWeb's filters, language identification, deduplication by MinHash, and
 * statistics of a corpus.
 *
 * @module
 */
export type * from "../flow/mod.ts";
export * from "./extract.ts";
export { fineweb, finewebDuplicates, type RejectsSinkFor } from "./fineweb.ts";
export * from "./fineweb_group.ts";
export { FastText, type Prediction } from "./language/fasttext.ts";
export * from "./language/language.ts";
export * from "./minhash/drop_duplicates.ts";
export { clusterDocuments, type ClusterOptions } from "./minhash/cluster_documents.ts";
export { compareBucket, type CompareBucketOptions } from "./minhash/compare_bucket.ts";
export { type DuplicateCounts, findDuplicates } from "./minhash/find_duplicates.ts";
export type { PairsSummary } from "./minhash/pairs_file.ts";
export { type ClustersSummary, type RankClusters, readRemoval } from "./minhash/removal.ts";
export { minhashClusters, type MinhashClustersOptions } from "./minhash/minhash_clusters.ts";
export { minhashSeen, type MinhashSeenOptions } from "./minhash/minhash_seen.ts";
export { minhashSign } from "./minhash/minhash_sign.ts";
export * from "./minhash/rank_store.ts";
export { SignatureLog } from "./minhash/signature_log.ts";
export type { SignatureRecords, SignatureSet } from "./minhash/signature_set.ts";
export { type SignatureOptions, Signer } from "./minhash/signer.ts";
export { type SortOptions, sortSignatures } from "./minhash/sort_signatures.ts";
export * from "./pii/pii.ts";
export * from "./recipe.ts";
export * from "./rules/c4.ts";
export * from "./rules/fineweb_quality.ts";
export * from "./rules/gopher_quality.ts";
export * from "./rules/gopher_repetition.ts";
export type { FrequencyCounts } from "./survey/frequency_counts.ts";
export * from "./survey/survey.ts";
export * from "./url/url.ts";
export * from "./url/url_lists.ts";
export * from "./words/words.ts";
export type { Document, MetadataValue } from "../items.ts";
