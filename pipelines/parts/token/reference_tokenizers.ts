/**
 * The published tokenizers that a user's tokenizer is compared with.
 *
 * @module
 */
import { loadTokenizer } from "../../../stages/token/load_tokenizer.ts";
import type { NamedTokenizer } from "./compression.ts";

/** Names of the tokenizers of GPT-2, GPT-4 and GPT-4o, as `--tokenizer` accepts them. */
export const referenceNames: readonly string[] = ["gpt2", "cl100k", "o200k"];

let loaded: Promise<readonly NamedTokenizer[]> | null = null;

/** Returns the tokenizers themselves, which are loaded only once. */
export function referenceTokenizers(): Promise<readonly NamedTokenizer[]> {
  loaded ??= Promise.all(
    referenceNames.map(async (name) => ({ name, tokenizer: await loadTokenizer(name) })),
  );
  return loaded;
}
