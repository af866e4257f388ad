/**
 * Section 8 of the lesson: texts on which models make mistakes because of their tokens.
 *
 * @module
 */
import { compareCompression, type Compression, compressionLines } from "../../parts/token/compression.ts";
import type { Text } from "../data.ts";
import { claim } from "../claim.ts";
import { heading, type Item, lines, say } from "../item.ts";
import {
  englishIsCheapest,
  finalSpaceIsAlone,
  gpt4JoinsSpaces,
  nameIsOneToken,
  strangeToken,
  wordHasManyTokens,
  yamlIsShorter,
} from "./tokenizer_claims.ts";
import type { LessonEnv } from "../lesson.ts";
import { bytePair } from "./gpt4.ts";
import { tokenItem } from "./token_items.ts";

/** Yields the items of the section: each example with its tokens. */
export async function* failuresSection(env: LessonEnv<Text>): AsyncGenerator<Item> {
  const [gpt2, gpt4] = [await bytePair("gpt2"), await bytePair("cl100k")];
  const byGpt2 = { tokenizer: gpt2, env }, byGpt4 = { tokenizer: gpt4, env };
  yield heading("8. Mistakes that tokens cause");
  yield say("Spelling. How often does the letter l occur in this name?");
  const name = ".DefaultCellStyle";
  yield claim(nameIsOneToken, { tokens: gpt4.encodeOrdinary(name).length });
  yield tokenItem(name, byGpt4);
  const forms = ["Egg", " Egg", " egg", " EGG"];
  yield claim(wordHasManyTokens, {
    forms: forms.length,
    different: new Set(forms.map((form) => gpt2.encodeOrdinary(form).join())).size,
  });
  yield tokenItem("Egg. I have an Egg. egg. EGG.", byGpt2);
  yield say(
    "Arithmetic. GPT-2 has tokens for the groups of digits that were frequent on the web; GPT-4 splits a number into groups of three digits from the left. In both, the digits of two numbers to be added are often not aligned.",
  );
  yield tokenItem("127 + 677 = 804, 1275 + 6773 = 8041, 12756 + 67735", byGpt2);
  yield tokenItem("127 + 677 = 804, 1275 + 6773 = 8041, 12756 + 67735", byGpt4);
  const code = "def f(x):\n        if x:\n            return x";
  yield claim(gpt4JoinsSpaces, {
    value: gpt4.encodeOrdinary(code).length,
    other: gpt2.encodeOrdinary(code).length,
  });
  yield tokenItem(code, byGpt2);
  yield tokenItem(code, byGpt4);
  const columns = [{ name: "gpt2", tokenizer: gpt2 }, { name: "cl100k", tokenizer: gpt4 }];
  const compared = compareCompression(columns, { label: "your text", text: env.data.text.slice(0, 50_000) });
  yield claim(englishIsCheapest, relativeToEnglish(compared));
  yield lines(compressionLines(compared));
  const prompt = "Once upon a";
  yield claim(finalSpaceIsAlone, {
    without: gpt2.encodeOrdinary(prompt).length,
    with: gpt2.encodeOrdinary(`${prompt} `).length,
  });
  yield tokenItem(prompt, byGpt2);
  yield tokenItem(`${prompt} `, byGpt2);
  yield say(
    "An incomplete token. A prompt may end in the middle of a name that was always one token in training. The model has then never seen the tokens at the end of the prompt in this order:",
  );
  yield tokenItem(".DefaultCellSty", byGpt4);
  const strange = " SolidGoldMagikarp";
  yield claim(strangeToken, {
    gpt2: gpt2.encodeOrdinary(strange).length,
    gpt4: gpt4.encodeOrdinary(strange).length,
  });
  yield tokenItem(strange, byGpt2);
  yield tokenItem(strange, byGpt4);
  const json = '{"name": "Ada", "born": 1815}', yaml = "name: Ada\nborn: 1815";
  const [jsonTokens, yamlTokens] = [json, yaml].map((text) => gpt4.encodeOrdinary(text).length);
  yield claim(yamlIsShorter, { value: yamlTokens, other: jsonTokens });
  yield tokenItem(json, byGpt4);
  yield tokenItem(yaml, byGpt4);
  yield say(
    "Try your own texts: `deno task pipeline tokenizer --inspect TEXT --tokenizer cl100k` also writes a page on which you can type.",
  );
}

/** Returns the language for which GPT-4 needs most tokens, and for how many it needs no more than English. */
function relativeToEnglish({ rows }: Compression): { most: number; language: string; cheaper: number } {
  const tokensOf = ({ tokens }: Compression["rows"][number]): number => tokens[1] ?? NaN;
  const english = rows.find(({ label }) => label === "English");
  const others = rows.filter(({ translated, label }) => translated && label !== "English");
  const base = english === undefined ? NaN : tokensOf(english);
  const worst = others.reduce((a, b) => tokensOf(b) > tokensOf(a) ? b : a);
  return {
    most: tokensOf(worst) / base,
    language: worst.label,
    cheaper: others.filter((row) => !(tokensOf(row) > base)).length,
  };
}
