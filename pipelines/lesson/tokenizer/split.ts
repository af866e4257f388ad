/**
 * Text is cut before merging, so that no token spans two words: minbpe's RegexTokenizer.
 *
 * @module
 */
import type { BpeTokenizer } from "../../../stages/token/bpe.ts";
import { minbpeModel, minbpeVocab } from "../../../stages/token/files/minbpe_files.ts";
import { chunks, patternSource } from "../../../stages/token/split/patterns.ts";
import { trainBpe } from "../../../stages/token/train/train_bpe.ts";
import { visible } from "../../parts/token/visible_token.ts";
import type { Text } from "../data.ts";
import { check, heading, type Item, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { bracketed, sha256, wrappedItem } from "./token_items.ts";

const example = "She's 35 in 2024, ISN'T she?   Yes!!\n\n  f(x)";

/** Patterns, and a tokenizer trained with one. */
export async function* splitSection(vocabSize: number, env: LessonEnv<Text>): AsyncGenerator<Item> {
  const { text } = env.data;
  const basic = (await trainBpe([text], { vocabSize, pattern: "none" })).tokenizer;
  const { tokenizer, report } = await trainBpe([text], { vocabSize, pattern: "gpt4" });
  yield heading("5. Cutting first");
  const glued = basic.tokens.slice(256).filter((bytes) => {
    return /\p{L}\P{L}|[^\p{L} ]\p{L}/u.test(new TextDecoder().decode(bytes));
  });
  yield say(
    `Left to itself, training joins what only happens to stand together: of the ${
      basic.tokens.length - 256
    } tokens above, ${glued.length} hold a letter beside something that is none. Their meanings are glued together: "dog." and "dog!" would be different words.`,
  );
  yield wrappedItem(glued.slice(0, 16).map(bracketed), env);
  yield say(
    "GPT-2 cuts text by a regular expression first, and merges only inside the pieces. GPT-4 has another one.",
  );
  for (const [name, pattern] of [["GPT-2", "gpt2"], ["GPT-4", "gpt4"]] as const) {
    yield say(`${name}'s, and what it makes of an example:`);
    yield wrappedItem(patternSource(pattern), env);
    yield wrappedItem([...chunks(example, pattern)].map((chunk) => `[${visible(chunk)}]`), env);
  }
  yield say(
    "See what differs: GPT-4 knows 'T as well as 't, takes digits by three at most, joins a mark to the word after it, and lets punctuation swallow the line breaks that follow.",
  );
  yield say("Exercise 2 of minbpe: the same training inside the pieces of GPT-4's pattern.");
  yield table(
    ["token", "made of"],
    tokenizer.merges.slice(0, 16).map(([left, right, id]) => [
      id,
      `${bracketed(tokenizer.tokens[left])} ${bracketed(tokenizer.tokens[right])}`,
    ]),
  );
  const [plain, cut] = [basic, tokenizer].map((each) => each.encodeOrdinary(text).length);
  yield say(
    `The text in tokens: ${plain.toLocaleString("en-US")} without cutting, ${
      cut.toLocaleString("en-US")
    } with it (${report.chunks.toLocaleString("en-US")} pieces, ${
      report.differentChunks.toLocaleString("en-US")
    } different). Cutting compresses less, and its tokens are words.`,
  );
  if (vocabSize === 512) yield* splitChecks(tokenizer, { chunks: report.chunks, ids: cut, env });
}

async function* splitChecks(
  tokenizer: BpeTokenizer,
  { chunks, ids, env }: { readonly chunks: number; readonly ids: number; readonly env: LessonEnv<Text> },
): AsyncGenerator<Item> {
  const source = "minbpe, RegexTokenizer, 512 tokens of taylorswift.txt";
  const mayDiffer = env.reasonToDiffer();
  yield check({ name: "pieces", ours: chunks, lecture: 46_196, source, mayDiffer });
  yield check({
    name: "first ten merges",
    ours: tokenizer.merges.slice(0, 10).map(([left, right]) => `${left} ${right}`).join(", "),
    lecture: "101 114, 50 48, 111 114, 105 110, 101 100, 32 116, 111 110, 104 101, 32 83, 97 114",
    source,
    mayDiffer,
  });
  yield check({
    name: "SHA-256 of regex.model",
    ours: await sha256(minbpeModel(tokenizer)),
    lecture: "b58d827c48c4403a3a141a9f9a8a7cedaec18a0b094dc8462612ecaa8c0f57df",
    source,
    mayDiffer,
  });
  yield check({
    name: "SHA-256 of regex.vocab",
    ours: await sha256(minbpeVocab(tokenizer)),
    lecture: "1888ba58e7b8571edf8897f7c691120dd5d3548650ce89e53994b6a19e3a8914",
    source,
    mayDiffer,
  });
  yield check({ name: "tokens of the text", ours: ids, lecture: 87_339, source, mayDiffer });
}
