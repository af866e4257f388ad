/**
 * OpenAI's vocabularies from npm js-tiktoken, loaded when asked for.
 *
 * Token i's bytes are `tokens[i]`; re-serialised as "base64 rank" lines they have the SHA-256 of tiktoken's own files.
 *
 * @module
 */
import { BpeTokenizer } from "../bpe.ts";
import type { Pattern } from "../split/patterns.ts";

interface Ranks {
  readonly special_tokens: Readonly<Record<string, number>>;
  readonly bpe_ranks: string;
}

/** gpt2 is r50k with 50,257 ids, p50k has 50,281, cl100k (GPT-4) 100,277, o200k (GPT-4o) 200,019. */
export type OpenAiVocabulary = "gpt2" | "p50k" | "cl100k" | "o200k";

/** How a published vocabulary cuts text; the names are tiktoken's files' without `_base`. */
export const openAiPatterns: Readonly<Record<OpenAiVocabulary, Pattern>> = {
  gpt2: "gpt2",
  p50k: "gpt2",
  cl100k: "gpt4",
  o200k: "o200k",
};

/** One of OpenAI's tokenizers. */
export async function openAiTokenizer(name: OpenAiVocabulary): Promise<BpeTokenizer> {
  const { bpe_ranks, special_tokens } = await ranksOf(name);
  return new BpeTokenizer({
    pattern: openAiPatterns[name],
    tokens: tokensOf(bpe_ranks),
    special: new Map(Object.entries(special_tokens)),
  });
}

/** GPT-2's tokenizer: 50,257 tokens, `<|endoftext|>` is 50256. */
export function gpt2Tokenizer(): Promise<BpeTokenizer> {
  return openAiTokenizer("gpt2");
}

/** GPT-4's tokenizer (cl100k): 100,277 ids, `<|endoftext|>` is 100257. */
export function cl100kTokenizer(): Promise<BpeTokenizer> {
  return openAiTokenizer("cl100k");
}

/** Special tokens of one of them by text. */
export async function openAiSpecialTokens(name: OpenAiVocabulary): Promise<ReadonlyMap<string, number>> {
  return new Map(Object.entries((await ranksOf(name)).special_tokens));
}

/** Which of them a file of tiktoken's holds: `cl100k_base.tiktoken`; null for other names. */
export function vocabularyOfFile(name: string): OpenAiVocabulary | null {
  switch (name.replace(/(_base)?\.tiktoken$/, "")) {
    case "gpt2":
    case "r50k":
      return "gpt2";
    case "p50k":
      return "p50k";
    case "cl100k":
      return "cl100k";
    case "o200k":
      return "o200k";
    default:
      return null;
  }
}

async function ranksOf(name: OpenAiVocabulary): Promise<Ranks> {
  switch (name) {
    case "gpt2":
      return (await import("js-tiktoken/ranks/gpt2")).default;
    case "p50k":
      return (await import("js-tiktoken/ranks/p50k_base")).default;
    case "cl100k":
      return (await import("js-tiktoken/ranks/cl100k_base")).default;
    case "o200k":
      return (await import("js-tiktoken/ranks/o200k_base")).default;
  }
}

/** Lines of "! first-rank base64 base64 …": consecutive ranks. */
function tokensOf(lines: string): (Uint8Array | undefined)[] {
  const tokens: Uint8Array[] = [];
  for (const line of lines.split("\n")) {
    if (line === "") continue;
    const [, first, ...encoded] = line.split(" ");
    encoded.forEach((text, i) => {
      tokens[Number(first) + i] = Uint8Array.fromBase64(text);
    });
  }
  return Array.from(tokens); // holes, as p50k has at its <|endoftext|>, become undefined
}
