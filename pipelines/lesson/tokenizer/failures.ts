/**
 * What models are bad at because of their tokens: texts to look at.
 *
 * @module
 */
import { compareCompression, compressionLines } from "../../parts/token/compression.ts";
import type { Text } from "../data.ts";
import { heading, type Item, lines, say } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { bytePair } from "./gpt4.ts";
import { tokenItem } from "./token_items.ts";

/** One puzzle after another, each with its tokens. */
export async function* failuresSection(env: LessonEnv<Text>): AsyncGenerator<Item> {
  const [gpt2, gpt4] = [await bytePair("gpt2"), await bytePair("cl100k")];
  const two = { tokenizer: gpt2, env }, four = { tokenizer: gpt4, env };
  yield heading("8. Why models stumble");
  yield say(
    "Spelling. How many l are in this name? For GPT-4 it is one number, and a number has no letters:",
  );
  yield tokenItem(".DefaultCellStyle", four);
  yield say("The same word is another number at the beginning, after a blank, and in capitals:");
  yield tokenItem("Egg. I have an Egg. egg. EGG.", two);
  yield say(
    "Arithmetic. Digits are cut by what was frequent on the web (GPT-2), or by three from the left (GPT-4): the ones of one number stand above the hundreds of another.",
  );
  yield tokenItem("127 + 677 = 804, 1275 + 6773 = 8041, 12756 + 67735", two);
  yield tokenItem("127 + 677 = 804, 1275 + 6773 = 8041, 12756 + 67735", four);
  yield say(
    "Code. Both cut off an indentation as one piece, but only GPT-4 has learned tokens for many blanks; GPT-2 spends one on each:",
  );
  const code = "def f(x):\n        if x:\n            return x";
  yield tokenItem(code, two);
  yield tokenItem(code, four);
  yield say("Languages. The passages of `tokenizer --inspect` say the same; what they cost:");
  const columns = [{ name: "gpt2", tokenizer: gpt2 }, { name: "cl100k", tokenizer: gpt4 }];
  yield lines(
    compressionLines(
      compareCompression(columns, { label: "your text", text: env.data.text.slice(0, 50_000) }),
    ),
  );
  yield say(
    'A blank at the end. Words carry the blank before them, " time" is one token. A prompt that ends in a blank ends in a token that seldom stands before a word:',
  );
  yield tokenItem("Once upon a", two);
  yield tokenItem("Once upon a ", two);
  yield say(
    "Half a token. A prompt may end in the middle of what training always saw whole, and the model has never met that:",
  );
  yield tokenItem(".DefaultCellSty", four);
  yield say(
    'A name that was a token only. The vocabulary was learned from other texts than the model: "SolidGoldMagikarp" was frequent there, and the model never saw it, so its vector stayed as it was at random:',
  );
  yield tokenItem(" SolidGoldMagikarp", two);
  yield tokenItem(" SolidGoldMagikarp", four);
  yield say("Formats. The same data costs more in one than in the other:");
  yield tokenItem('{"name": "Ada", "born": 1815}', four);
  yield tokenItem("name: Ada\nborn: 1815", four);
  yield say(
    "Try your own: `deno task pipeline tokenizer --inspect TEXT --tokenizer cl100k` also makes a page to type in.",
  );
}
