/**
 * OpenAI's vocabularies, from npm js-tiktoken. A vocabulary is imported only when it is used.
 *
 * A `.tiktoken` file that is written from such a vocabulary has the same SHA-256 as tiktoken's own file.
 *
 * @module
 */
import { importPackage } from "../../disk/packages.ts";
import { BpeTokenizer } from "../bpe.ts";
import type { Pattern } from "../split/patterns.ts";

interface RanksModule {
  readonly special_tokens: Readonly<Record<string, number>>;
  readonly bpe_ranks: string;
}

/**
 * Names of the vocabularies: gpt2 (r50k) has 50,257 ids, p50k has 50,281, cl100k (GPT-4) has 100,277, and
 * o200k (GPT-4o) has 200,019.
 */
export type OpenAiVocabulary = "gpt2" | "p50k" | "cl100k" | "o200k";

/** Pattern that each vocabulary uses to split text into chunks. */
export const openAiPatterns: Readonly<Record<OpenAiVocabulary, Pattern>> = {
  gpt2: "gpt2",
  p50k: "gpt2",
  cl100k: "gpt4",
  o200k: "o200k",
};

/** Loads one of OpenAI's tokenizers. */
export async function openAiTokenizer(name: OpenAiVocabulary): Promise<BpeTokenizer> {
  const { bpe_ranks, special_tokens } = await ranksOf(name);
  return new BpeTokenizer({
    pattern: openAiPatterns[name],
    tokens: tokensOf(bpe_ranks),
    special: new Map(Object.entries(special_tokens)),
  });
}

/** Loads GPT-2's tokenizer, which has 50,257 ids; `<|endoftext|>` has id 50256. */
export function gpt2Tokenizer(): Promise<BpeTokenizer> {
  return openAiTokenizer("gpt2");
}

/** Loads GPT-4's tokenizer (cl100k), which has 100,277 ids; `<|endoftext|>` has id 100257. */
export function cl100kTokenizer(): Promise<BpeTokenizer> {
  return openAiTokenizer("cl100k");
}

/** Returns the ids of a vocabulary's special tokens, keyed by text. */
export async function openAiSpecialTokens(name: OpenAiVocabulary): Promise<ReadonlyMap<string, number>> {
  return new Map(Object.entries((await ranksOf(name)).special_tokens));
}

/**
 * Returns the vocabulary that tiktoken stores in a file of this name, such as `cl100k_base.tiktoken`, or null
 * for other names.
 */
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

async function ranksOf(name: OpenAiVocabulary): Promise<RanksModule> {
  switch (name) {
    case "gpt2":
      return (await importPackage("js-tiktoken/ranks/gpt2")).default;
    case "p50k":
      return (await importPackage("js-tiktoken/ranks/p50k_base")).default;
    case "cl100k":
      return (await importPackage("js-tiktoken/ranks/cl100k_base")).default;
    case "o200k":
      return (await importPackage("js-tiktoken/ranks/o200k_base")).default;
  }
}

/**
 * Returns tokens indexed by rank, from lines of the form `! RANK BASE64 BASE64 …`. The tokens of a line have
 * consecutive ranks, beginning with RANK.
 */
function tokensOf(lines: string): (Uint8Array | undefined)[] {
  const tokens: Uint8Array[] = [];
  for (const line of lines.split("\n")) {
    if (line === "") continue;
    const [, first, ...encoded] = line.split(" ");
    encoded.forEach((text, i) => {
      tokens[Number(first) + i] = Uint8Array.fromBase64(text);
    });
  }
  return Array.from(tokens); // unused ranks, such as that of p50k's <|endoftext|>, become undefined
}
