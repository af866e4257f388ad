/**
 * `shards.json`, a file beside the shards that states how much text they hold. A later training run on these
 * shards needs the file to compute bits per byte.
 *
 * @module
 */
import { readIfThere, writeWholeSync } from "../disk/whole_files.ts";

/**
 * Number of tokens, number of UTF-8 bytes of the tokens' text (0 if it is unknown), and number of documents.
 * `sha256` identifies the text that `holdOut` has held out.
 */
export type SplitSummary = Readonly<{ tokens: number; bytes: number; documents: number; sha256?: string }>;

/** The vocabulary size and the amount of text of all shards in a folder. */
export type ShardSummary = Readonly<{ vocabSize: number; validation: SplitSummary; training: SplitSummary }>;

/** Name of the file in the shards' folder. */
export const SHARD_SUMMARY = "shards.json";

/** Writes a folder's shards.json atomically. */
export function writeShardSummary(dir: string, summary: ShardSummary): void {
  writeWholeSync(`${dir}/${SHARD_SUMMARY}`, `${JSON.stringify(summary, null, 2)}\n`);
}

/** Reads a folder's shards.json; null if there is none. Throws Deno.errors.InvalidData if it is malformed. */
export async function readShardSummary(dir: string): Promise<ShardSummary | null> {
  const path = `${dir}/${SHARD_SUMMARY}`;
  const text = await readIfThere(path);
  if (text === null) return null;
  const refuse = (why: string, cause?: unknown): Error =>
    new Deno.errors.InvalidData(`Cannot read ${path}: ${why}: delete it, or write the shards again`, {
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse("it is not JSON", cause);
  }
  if (!isSummary(value)) {
    throw refuse("expected vocabSize, validation and training with tokens, bytes and documents");
  }
  return value;
}

function isSummary(value: unknown): value is ShardSummary {
  return typeof value === "object" && value !== null &&
    "vocabSize" in value && isCount(value.vocabSize) &&
    "validation" in value && isSplit(value.validation) &&
    "training" in value && isSplit(value.training);
}

function isSplit(value: unknown): value is SplitSummary {
  return typeof value === "object" && value !== null &&
    "tokens" in value && isCount(value.tokens) &&
    "bytes" in value && isCount(value.bytes) &&
    "documents" in value && isCount(value.documents) &&
    (!("sha256" in value) || typeof value.sha256 === "string");
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
