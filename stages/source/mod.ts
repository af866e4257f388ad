/**
 * The entry point `./sources`: documents and token shards from files, the network and installed packages, and
 * sinks that write documents.
 *
 * @module
 */
export type * from "../flow/mod.ts";
export type { ByteRange } from "../format/packed/byte_range.ts";
export type { Anchor } from "../format/packed/packed_file.ts";
export type { TokenFormat } from "../format/tokens/token_formats.ts";
export type { RetryOptions } from "../format/web/retry.ts";
export { type Document, type MetadataValue, textLength, type TokenShard } from "../items.ts";
export * from "../sink/documents.ts";
export * from "../sink/parquet.ts";
export * from "./chain.ts";
export * from "./embedded/embedded.ts";
export type { DamageOptions, DamagePolicy } from "./files/damage.ts";
export * from "./files/arrow.ts";
export * from "./files/csv.ts";
export * from "./files/file_source.ts";
export * from "./files/html.ts";
export * from "./files/json_files.ts";
export * from "./files/parquet.ts";
export type { RecordKeys } from "./files/record.ts";
export * from "./files/text.ts";
export * from "./files/warc.ts";
export * from "./hub.ts";
export * from "./mix.ts";
export * from "./parts.ts";
export type { InputIdentities, InputIdentity } from "./identity.ts";
export * from "./token_shards.ts";
export * from "./uri.ts";
