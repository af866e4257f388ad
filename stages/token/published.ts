/**
 * OpenAI's vocabularies: GPT-2's (r50k) and GPT-4's (cl100k), from npm js-tiktoken, loaded when asked for.
 *
 * Token i's bytes are `tokens[i]`; re-serialised as "base64 rank" lines they have the SHA-256 of tiktoken's own files.
 *
 * @module
 */
import { BpeTokenizer } from "./bpe.ts";
import type { Pattern } from "./patterns.ts";

interface Ranks {
  readonly pat_str: string;
  readonly special_tokens: Readonly<Record<string, number>>;
  readonly bpe_ranks: string;
}

/** GPT-2's tokenizer: 50,257 tokens, `<|endoftext|>` is 50256. */
export async function gpt2Tokenizer(): Promise<BpeTokenizer> {
  return published((await import("js-tiktoken/ranks/gpt2")).default, "gpt2");
}

/** GPT-4's tokenizer (cl100k): 100,277 ids, `<|endoftext|>` is 100257. */
export async function cl100kTokenizer(): Promise<BpeTokenizer> {
  return published((await import("js-tiktoken/ranks/cl100k_base")).default, "gpt4");
}

function published(ranks: Ranks, pattern: Pattern): BpeTokenizer {
  return new BpeTokenizer({
    pattern,
    tokens: tokensOf(ranks.bpe_ranks),
    special: new Map(Object.entries(ranks.special_tokens)),
  });
}

/** Lines of "! first-rank base64 base64 …": consecutive ranks. */
function tokensOf(lines: string): Uint8Array[] {
  const tokens: Uint8Array[] = [];
  for (const line of lines.split("\n")) {
    if (line === "") continue;
    const [, first, ...encoded] = line.split(" ");
    encoded.forEach((text, i) => {
      tokens[Number(first) + i] = Uint8Array.fromBase64(text);
    });
  }
  return tokens;
}
