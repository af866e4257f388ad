/**
 * OpenAI's vocabularies, from npm js-tiktoken. A vocabulary is imported only when it is used.
 *
 * p50k_edit and o200k_harmony differ from p50k and o200k in their special tokens alone. Source of these:
 * openai/tiktoken, openai_public.py.
 *
 * A `.tiktoken` file that is written from such a vocabulary has the same SHA-256 as tiktoken's own file.
 *
 * @module
 */
import { importPackage } from "../../disk/packages.ts";
import { BpeTokenizer } from "../bpe.ts";
import type { Pattern } from "../split/patterns.ts";
import { type OpenAiVocabulary, openAiVocabulary } from "../tokenizer_names.ts";

interface RanksModule {
  readonly special_tokens: Readonly<Record<string, number>>;
  readonly bpe_ranks: string;
}

/** Vocabularies whose tokens js-tiktoken has in a file of their own. */
type RanksFile = Exclude<OpenAiVocabulary, "p50k_edit" | "o200k_harmony">;

/** Pattern that each vocabulary uses to split text into chunks. */
export const openAiPatterns: Readonly<Record<OpenAiVocabulary, Pattern>> = {
  gpt2: "gpt2",
  p50k: "gpt2",
  p50k_edit: "gpt2",
  cl100k: "gpt4",
  o200k: "o200k",
  o200k_harmony: "o200k",
};

/** Loads one of OpenAI's tokenizers. */
export async function openAiTokenizer(name: OpenAiVocabulary): Promise<BpeTokenizer> {
  const { bpe_ranks } = await ranksOf(fileOf(name));
  return new BpeTokenizer({
    pattern: openAiPatterns[name],
    tokens: tokensOf(bpe_ranks),
    special: await openAiSpecialTokens(name),
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

/**
 * Returns the ids of a vocabulary's special tokens, keyed by text. In o200k_harmony `<|endofprompt|>` and
 * `<|reserved_200018|>` have the same id, which is decoded as the first.
 */
export async function openAiSpecialTokens(name: OpenAiVocabulary): Promise<ReadonlyMap<string, number>> {
  const special = new Map(Object.entries((await ranksOf(fileOf(name))).special_tokens));
  if (name === "p50k_edit") EDIT.forEach((text, i) => special.set(text, 50281 + i));
  if (name === "o200k_harmony") {
    for (let id = 199998; id < 201088; id++) special.set(HARMONY.get(id) ?? `<|reserved_${id}|>`, id);
  }
  return special;
}

/** p50k_edit's tokens for filling a gap. */
const EDIT = ["<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"];

/** o200k_harmony's special tokens that have a use. */
const HARMONY = new Map([
  [199998, "<|startoftext|>"],
  [199999, "<|endoftext|>"],
  [200002, "<|return|>"],
  [200003, "<|constrain|>"],
  [200005, "<|channel|>"],
  [200006, "<|start|>"],
  [200007, "<|end|>"],
  [200008, "<|message|>"],
  [200012, "<|call|>"],
]);

/**
 * Returns the vocabulary that tiktoken stores in a file of this name, such as `cl100k_base.tiktoken`, or null
 * for other names.
 */
export function vocabularyOfFile(name: string): OpenAiVocabulary | null {
  const stem = name.replace(/\.tiktoken$/, "");
  return stem === "r50k" ? "gpt2" : openAiVocabulary(stem);
}

function fileOf(name: OpenAiVocabulary): RanksFile {
  return name === "p50k_edit" ? "p50k" : name === "o200k_harmony" ? "o200k" : name;
}

async function ranksOf(name: RanksFile): Promise<RanksModule> {
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
