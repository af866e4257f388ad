/**
 * Section 7 of the lesson: special tokens, whose ids are not produced by merges.
 *
 * @module
 */
import { BpeTokenizer } from "../../../stages/token/bpe.ts";
import { trainBpe } from "../../../stages/token/train/train_bpe.ts";
import type { Text } from "../data.ts";
import { check, code, heading, type Item, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { bytePair } from "./gpt4.ts";
import { spaced, tokenItem } from "./token_items.ts";

/** Yields the items of the section. */
export async function* specialSection(vocabSize: number, env: LessonEnv<Text>): AsyncGenerator<Item> {
  const [gpt2, gpt4] = [await bytePair("gpt2"), await bytePair("cl100k")];
  const source = "tiktoken";
  yield heading("7. Special tokens");
  yield say(
    `How does a model know where a document ends? By a special token: no merge produces its id, and the program adds it, not the text. GPT-4 has ${gpt4.special.size} special tokens:`,
  );
  yield table(["token", "id"], [...gpt4.special].map(([text, id]) => [text, id]));
  yield say(
    "Exercise 4 of minbpe: encode the text of a special token as its id, but only where the caller allows it.",
  );
  yield code("stages/token/special.ts", "split");
  yield tokenItem("<|endoftext|>hello world", { tokenizer: gpt4, env });
  yield check({
    name: "<|endoftext|>hello world, all special tokens allowed",
    ours: spaced(gpt4.encode("<|endoftext|>hello world", { allowedSpecial: "all" })),
    lecture: "100257 15339 1917",
    source,
  });
  yield check({
    name: "<|endoftext|> as ordinary text, GPT-2",
    ours: spaced(gpt2.encodeOrdinary("<|endoftext|>")),
    lecture: "27 91 437 1659 5239 91 29",
    source,
  });
  yield check({
    name: "hello <|endoftext|>, all special tokens allowed, GPT-2",
    ours: spaced(gpt2.encode("hello <|endoftext|>", { allowedSpecial: "all" })),
    lecture: "31373 220 50256",
    source,
  });
  yield say(
    "Never allow special tokens in text from strangers: the user of a chat could end the system's message. That is why documents for training are encoded as ordinary text.",
  );
  const learned = (await trainBpe([env.data.text], { vocabSize, pattern: "gpt4" })).tokenizer;
  const special = new Map([["<|endoftext|>", vocabSize], ["<|user|>", vocabSize + 1]]);
  const { pattern, merges } = learned;
  const registered = new BpeTokenizer({ pattern, merges, tokens: learned.tokens, special });
  yield say("The tokenizer of this lesson with two special tokens, `<|endoftext|>` and `<|user|>`:");
  yield tokenItem("<|user|>Hello there<|endoftext|>", { tokenizer: registered, env });
}
