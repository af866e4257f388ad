/**
 * The items that travel between stages. Items are immutable: to change one, yield `{ ...doc, text }`.
 *
 * @module
 */

/** A value that JSON can hold. */
export type MetadataValue =
  | string
  | number
  | boolean
  | null
  | readonly MetadataValue[]
  | { readonly [name: string]: MetadataValue };

/** One text and what is known about it; the named fields correspond to the columns of FineWeb. */
export type Document = Readonly<{
  id: string;
  text: string;
  url?: string;
  date?: string;
  dump?: string;
  filePath?: string;
  language?: string;
  /** Confidence of the language identification, from 0 to 1. */
  languageScore?: number;
  /** Number of tokens, set by the stage `count`. */
  tokenCount?: number;
  /**
   * All other fields of the record that the document comes from. Integers that a number cannot hold exactly
   * are strings of digits; points in time are strings in ISO 8601.
   */
  metadata?: Readonly<Record<string, MetadataValue>>;
  /** The decoded HTML page, until its text is extracted; `text` is empty until then. */
  html?: string;
  /** MinHash signature, between the stage that computes it and the stage that compares signatures. */
  signature?: Uint8Array;
  /** Whether the document may be held out for validation, between `candidatesFirst` and `holdOut`. */
  candidate?: true;
  /** Set by `holdOut` if the document is held out: SHA-256 of the held-out text up to its end. */
  heldOut?: string;
}>;

/**
 * Returns the length of a document in characters (UTF-16 units), or of its HTML page before extraction, or
 * undefined for other items. `Flow.run` measures items with it.
 */
export function textLength(item: unknown): number | undefined {
  if (typeof item !== "object" || item === null || !("text" in item)) return undefined;
  if ("html" in item && typeof item.html === "string") return item.html.length;
  return typeof item.text === "string" ? item.text.length : undefined;
}

/** Token ids of one document. */
export type Tokens = Readonly<{
  id: string;
  ids: Uint32Array;
  /** Length of the text in UTF-8 bytes, for bits per byte. */
  bytes?: number;
  /** Set if the document is held out for validation: SHA-256 of the held-out text up to its end. */
  heldOut?: string;
}>;

/**
 * A range of tokens in the shard file at `path`: `count` tokens, the first at index `start`. The tokens are
 * on disk and will not change, although the file may still grow.
 */
export type TokenShard = Readonly<{
  path: string;
  start: number;
  count: number;
  /** Format of the file, if its name does not determine the format. Default: llm.c's. */
  format?: "llmc" | "nanogpt" | "int32";
}>;

/** A sequence of tokens, which starts at token index `start` of the shard file at `path`. */
export type Sequence = Readonly<{
  ids: Uint32Array;
  path: string;
  start: number;
  /** Number of sequences in the whole run, if it is known. */
  total?: number;
}>;

/**
 * The batch of one optimizer update: A micro-batches of B sequences of T tokens. `inputs`, `targets` and
 * `mask` are [A, B, T].
 */
export type Batch = Readonly<{
  inputs: Uint32Array;
  targets: Uint32Array;
  /**
   * Weight of each target's loss; 0 for targets that do not count. If absent, all targets count alike.
   * Weights other than 0 and 1 need a plan with `weighted`.
   */
  mask?: Float32Array;
  /**
   * The weighted sum of the losses is divided by this number, and so are its gradients. Default: the sum of
   * the weights, which is the number of targets that count.
   */
  divisor?: number;
  /**
   * For sequences that hold several documents: the position in its sequence at which the document of each
   * token begins, [A, B, T]. No token sees another document, and positions begin at 0 in each. Needs a plan
   * with `segmented`. If absent, a sequence is one document.
   */
  segments?: Uint32Array;
  /** For each of the `A · B` sequences, the range of tokens that are its inputs. */
  origins?: readonly TokenShard[];
  shape: readonly [accum: number, batch: number, seqLen: number];
  /** Number of batches in the whole run, if it is known. */
  total?: number;
}>;
