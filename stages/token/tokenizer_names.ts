/**
 * The names of the tokenizers that can be loaded without a file.
 *
 * @module
 */

/** Names that `loadTokenizer` accepts, besides tiktoken's own (see `openAiVocabulary`). */
export const tokenizerNames = [
  "gpt2",
  "p50k",
  "p50k_edit",
  "cl100k",
  "o200k",
  "o200k_harmony",
  "byte",
  "char",
] as const;

/**
 * Names of OpenAI's vocabularies: gpt2 (r50k) has 50,257 ids, p50k has 50,281, cl100k (GPT-4) has 100,277,
 * and o200k (GPT-4o) has 200,019. p50k_edit and o200k_harmony (gpt-oss) have the tokens of p50k and o200k,
 * and more special tokens: 50,284 and 201,088 ids.
 */
export type OpenAiVocabulary = Exclude<typeof tokenizerNames[number], "byte" | "char">;

/**
 * Returns the vocabulary of a name, which may also be tiktoken's own, such as `r50k_base`; null for others.
 */
export function openAiVocabulary(name: string): OpenAiVocabulary | null {
  switch (name) {
    case "gpt2":
    case "r50k_base":
      return "gpt2";
    case "p50k":
    case "p50k_base":
      return "p50k";
    case "cl100k":
    case "cl100k_base":
      return "cl100k";
    case "o200k":
    case "o200k_base":
      return "o200k";
    case "p50k_edit":
    case "o200k_harmony":
      return name;
    default:
      return null;
  }
}

/** Returns whether `loadTokenizer` loads a tokenizer of this name without a file. */
export function isTokenizerName(name: string): boolean {
  return name === "byte" || name === "char" || openAiVocabulary(name) !== null;
}
