/**
 * Names of tokenizers.
 *
 * @module
 */

/** Names that `loadTokenizer` takes besides paths. */
export const tokenizerNames = ["gpt2", "p50k", "cl100k", "o200k", "byte", "char"] as const;
