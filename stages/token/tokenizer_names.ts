/**
 * The names of the tokenizers that can be loaded without a file.
 *
 * @module
 */

/** Names that `loadTokenizer` accepts; anything else is a path. */
export const tokenizerNames = ["gpt2", "p50k", "cl100k", "o200k", "byte", "char"] as const;
