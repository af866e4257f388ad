/**
 * The vocabularies that others are measured beside.
 *
 * @module
 */
import { loadTokenizer } from "../../../stages/token/load_tokenizer.ts";
import type { NamedTokenizer } from "./compression.ts";

/** By the names that `--tokenizer` takes: GPT-2's, GPT-4's and GPT-4o's. */
export const referenceNames: readonly string[] = ["gpt2", "cl100k", "o200k"];

let loaded: Promise<readonly NamedTokenizer[]> | null = null;

/** They themselves; loaded once. */
export function referenceTokenizers(): Promise<readonly NamedTokenizer[]> {
  loaded ??= Promise.all(
    referenceNames.map(async (name) => ({ name, tokenizer: await loadTokenizer(name) })),
  );
  return loaded;
}
