/**
 * Section 8 of the lesson: texts on which models make mistakes because of their tokens.
 *
 * @module
 */
import { compareCompression, compressionLines } from "../../parts/token/compression.ts";
import type { Text } from "../data.ts";
import { heading, type Item, lines, say } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { bytePair } from "./gpt4.ts";
import { tokenItem } from "./token_items.ts";

/** Yields the items of the section: each example with its tokens. */
export async function* failuresSection(env: LessonEnv<Text>): AsyncGenerator<Item> {
  const [gpt2, gpt4] = [await bytePair("gpt2"), await bytePair("cl100k")];
  const byGpt2 = { tokenizer: gpt2, env }, byGpt4 = { tokenizer: gpt4, env };
  yield heading("8. Mistakes that tokens cause");
  yield say(
    "Spelling. How often does the letter l occur in this name? For GPT-4 the name is a single number, in which no letters can be seen:",
  );
  yield tokenItem(".DefaultCellStyle", byGpt4);
  yield say("The same word has different numbers at the beginning, after a space, and in capitals:");
  yield tokenItem("Egg. I have an Egg. egg. EGG.", byGpt2);
  yield say(
    "Arithmetic. GPT-2 has tokens for the groups of digits that were frequent on the web; GPT-4 splits a number into groups of three digits from the left. In both, the digits of two numbers to be added are often not aligned.",
  );
  yield tokenItem("127 + 677 = 804, 1275 + 6773 = 8041, 12756 + 67735", byGpt2);
  yield tokenItem("127 + 677 = 804, 1275 + 6773 = 8041, 12756 + 67735", byGpt4);
  yield say(
    "Code. Both patterns make one chunk of an indentation, but only GPT-4 has tokens for many spaces; GPT-2 needs a token for each space:",
  );
  const code = "def f(x):\n        if x:\n            return x";
  yield tokenItem(code, byGpt2);
  yield tokenItem(code, byGpt4);
  yield say(
    "Languages. The passages of `tokenizer --inspect` are translations of each other. The second table shows how many tokens each needs relative to English:",
  );
  const columns = [{ name: "gpt2", tokenizer: gpt2 }, { name: "cl100k", tokenizer: gpt4 }];
  yield lines(
    compressionLines(
      compareCompression(columns, { label: "your text", text: env.data.text.slice(0, 50_000) }),
    ),
  );
  yield say(
    'A space at the end. A word\'s token includes the space before it: " time" is one token. A prompt that ends with a space therefore ends with a token that rarely occurs before a word:',
  );
  yield tokenItem("Once upon a", byGpt2);
  yield tokenItem("Once upon a ", byGpt2);
  yield say(
    "An incomplete token. A prompt may end in the middle of a name that was always one token in training. The model has then never seen the tokens at the end of the prompt in this order:",
  );
  yield tokenItem(".DefaultCellSty", byGpt4);
  yield say(
    'A token without training. The tokenizer was trained on other texts than the model. "SolidGoldMagikarp" was frequent in those texts, but the model never saw it, so the token kept its random embedding:',
  );
  yield tokenItem(" SolidGoldMagikarp", byGpt2);
  yield tokenItem(" SolidGoldMagikarp", byGpt4);
  const json = '{"name": "Ada", "born": 1815}', yaml = "name: Ada\nborn: 1815";
  const [jsonTokens, yamlTokens] = [json, yaml].map((text) => gpt4.encodeOrdinary(text).length);
  yield say(`Formats. The same data has ${jsonTokens} tokens as JSON and ${yamlTokens} as YAML:`);
  yield tokenItem(json, byGpt4);
  yield tokenItem(yaml, byGpt4);
  yield say(
    "Try your own texts: `deno task pipeline tokenizer --inspect TEXT --tokenizer cl100k` also writes a page on which you can type.",
  );
}
