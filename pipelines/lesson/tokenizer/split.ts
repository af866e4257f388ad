/**
 * Section 5 of the lesson, which follows minbpe's RegexTokenizer: text is split into chunks before merging,
 * so that no token spans two words.
 *
 * @module
 */
import type { BpeTokenizer } from "../../../stages/token/bpe.ts";
import { chunks, patternSource } from "../../../stages/token/split/patterns.ts";
import { trainBpe } from "../../../stages/token/train/train_bpe.ts";
import { visible } from "../../../stages/token/view/visible_token.ts";
import type { Text } from "../data.ts";
import { claim } from "../claim.ts";
import { check, code, heading, type Item, say, table } from "../item.ts";
import { mergesCrossWords, splittingIsCheap, splittingKeepsWords } from "./tokenizer_claims.ts";
import type { LessonEnv } from "../lesson.ts";
import { minbpeChecks } from "./minbpe_checks.ts";
import { bracketed, wrappedItem } from "./token_items.ts";

const example = "She's 35 in 2024, ISN'T she?   Yes!!\n\n  f(x)";
const maxShown = 16; // tokens that span the end of a word

/** Yields the items of the section: the patterns of GPT-2 and GPT-4, and a tokenizer trained with GPT-4's. */
export async function* splitSection(vocabSize: number, env: LessonEnv<Text>): AsyncGenerator<Item> {
  const { text } = env.data;
  const basic = (await trainBpe([text], { vocabSize, pattern: "none" })).tokenizer;
  const { tokenizer, report } = await trainBpe([text], { vocabSize, pattern: "gpt4" });
  yield heading("5. Splitting before merging");
  const mixed = basic.tokens.slice(256).filter((token) => token !== undefined && spansWordEnd(token));
  yield claim(mergesCrossWords, { mixed: mixed.length, all: basic.tokens.length - 256 });
  if (mixed.length > 0) {
    const more = mixed.length > maxShown ? [" …"] : [];
    yield wrappedItem([...mixed.slice(0, maxShown).map(bracketed), ...more], env);
  }
  yield say(
    "GPT-2 therefore splits text into chunks with a regular expression, and merges only inside the chunks. GPT-4 has another expression.",
  );
  yield code("stages/token/split/patterns.ts", "chunks");
  for (const [name, pattern] of [["GPT-2", "gpt2"], ["GPT-4", "gpt4"]] as const) {
    yield say(`${name}'s expression, and the chunks of an example:`);
    yield wrappedItem(patternSource(pattern), env);
    yield wrappedItem([...chunks(example, pattern)].map((chunk) => `[${visible(chunk)}]`), env);
  }
  yield say(
    "The differences: GPT-4 treats 'T like 't, takes at most three digits, joins a symbol to the word after it, and adds line breaks to the punctuation before them.",
  );
  yield say("Exercise 2 of minbpe: the same training inside the chunks of GPT-4's pattern.");
  yield table(
    ["token", "made of"],
    tokenizer.merges.slice(0, 16).map(([left, right, id]) => [
      id,
      `${bracketed(tokenizer.tokens[left])} ${bracketed(tokenizer.tokens[right])}`,
    ]),
  );
  const [plain, split] = [basic, tokenizer].map((each) => each.encodeOrdinary(text).length);
  yield claim(splittingIsCheap, { bytes: new TextEncoder().encode(text).length, plain, split });
  yield claim(splittingKeepsWords, { without: ofTwoWords(basic), with: ofTwoWords(tokenizer) });
  yield say(
    `The text has ${report.chunks.toLocaleString("en-US")} chunks, ${
      report.differentChunks.toLocaleString("en-US")
    } of them distinct.`,
  );
  if (vocabSize === 512) yield* splitChecks(tokenizer, { chunks: report.chunks, ids: split, env });
}

/** Returns the number of tokens with letters of two words. */
function ofTwoWords({ tokens }: BpeTokenizer): number {
  return tokens.slice(256).filter((token) => token !== undefined && holdsTwoWords(token)).length;
}

/** Whether a token has a letter next to another character, which is not the space before a word. */
export function spansWordEnd(token: Uint8Array): boolean {
  return /\p{L}\P{L}|[^\p{L} ]\p{L}/u.test(plainText(token));
}

/** Whether a token has letters of two words. A word may have apostrophes. */
export function holdsTwoWords(token: Uint8Array): boolean {
  return (plainText(token).match(/\p{L}+(?:['’]\p{L}+)*/gu)?.length ?? 0) > 1;
}

/**
 * Returns the characters of a token, without marks and joiners, which belong to the letter before them. The
 * first and the last bytes of a token may be parts of a character; they are left out as well.
 */
function plainText(token: Uint8Array): string {
  let from = 0;
  while ((token[from] & 0xc0) === 0x80) from++; // a byte inside a character
  // With `stream`, the decoder waits for the rest of the last character.
  const text = new TextDecoder().decode(token.subarray(from), { stream: true });
  return text.replace(/[\p{M}\u200c\u200d]/gu, "");
}

async function* splitChecks(
  tokenizer: BpeTokenizer,
  { chunks, ids, env }: { readonly chunks: number; readonly ids: number; readonly env: LessonEnv<Text> },
): AsyncGenerator<Item> {
  const source = "minbpe, RegexTokenizer, 512 tokens of taylorswift.txt";
  const mayDiffer = env.reasonToDiffer();
  yield check({ name: "chunks", ours: chunks, lecture: 46_196, source, mayDiffer });
  yield* minbpeChecks(tokenizer, {
    name: "regex",
    firstMerges: "101 114, 50 48, 111 114, 105 110, 101 100, 32 116, 111 110, 104 101, 32 83, 97 114",
    model: "b58d827c48c4403a3a141a9f9a8a7cedaec18a0b094dc8462612ecaa8c0f57df",
    vocab: "1888ba58e7b8571edf8897f7c691120dd5d3548650ce89e53994b6a19e3a8914",
    source,
    mayDiffer,
  });
  yield check({ name: "tokens of the text", ours: ids, lecture: 87_339, source, mayDiffer });
}
