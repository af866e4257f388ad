/**
 * What travels between stages. Items are immutable: to change one, yield `{ ...doc, text }`.
 *
 * @module
 */

/** One text on its way through the filters, with what is known about it; fields as in FineWeb's rows. */
export type Document = Readonly<{
  id: string;
  text: string;
  url?: string;
  date?: string;
  dump?: string;
  filePath?: string;
  language?: string;
  /** The language identifier's confidence, 0 to 1. */
  languageScore?: number;
  /** Length in tokens, set by `count`. */
  tokenCount?: number;
  /** The page, decoded, before extraction; `text` is empty then. */
  html?: string;
  /** MinHash signature, on its way from the stage that signs to the one that compares. */
  signature?: Uint8Array;
}>;

/**
 * A document's length in characters (UTF-16 units), before extraction its page's; undefined for anything else: a Measure
 * for `Flow.run`.
 */
export function textLength(item: unknown): number | undefined {
  if (typeof item !== "object" || item === null || !("text" in item)) return undefined;
  if ("html" in item && typeof item.html === "string") return item.html.length;
  return typeof item.text === "string" ? item.text.length : undefined;
}

/** One document's token ids. */
export type Tokens = Readonly<{
  id: string;
  ids: Uint32Array;
  /** UTF-8 bytes of its text: what bits per byte are counted over. */
  bytes?: number;
}>;

/** `count` tokens from token `start` of the shard file at `path`: on disk and final. */
export type TokenShard = Readonly<{
  path: string;
  start: number;
  count: number;
  /** The file's format, where its name does not tell; absent: llm.c's. */
  format?: "llmc" | "nanogpt";
}>;

/** `ids.length` tokens from token `start` of the shard file at `path`. */
export type Sequence = Readonly<{ ids: Uint32Array; path: string; start: number }>;

/** One optimizer step: A micro-batches of B sequences of T tokens. inputs, targets and mask are each [A, B, T]. */
export type Batch = Readonly<{
  inputs: Uint32Array;
  targets: Uint32Array;
  /** 1 where a target counts, 0 where it does not; absent: all count. */
  mask?: Float32Array;
  /** Where each sequence stands, A · B of them: `count` tokens to be predicted after token `start` of a file. */
  origins?: readonly TokenShard[];
  shape: readonly [accum: number, batch: number, seqLen: number];
}>;
