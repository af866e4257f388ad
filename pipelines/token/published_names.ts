/**
 * The vocabularies that others are measured beside.
 *
 * @module
 */

/** By the names that `--tokenizer` takes: GPT-2's and GPT-4's. */
export const published: readonly string[] = ["gpt2", "cl100k"];
