/**
 * Section 6 of the lesson: GPT-4's tokenizer. OpenAI has published the tokens in order of rank; the merges
 * are recovered from this order.
 *
 * @module
 */
import { BpeTokenizer, type Merge } from "../../../stages/token/bpe.ts";
import { loadTokenizer } from "../../../stages/token/load_tokenizer.ts";
import type { Text } from "../data.ts";
import { check, code, heading, type Item, lines, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { mergePair } from "./plain_bpe.ts";
import { bracketed, spaced, tokenItem } from "./token_items.ts";

const examples: readonly (readonly [text: string, ids: string])[] = [
  ["hello123!!!? (안녕하세요!) 😉", "15339 4513 12340 30 320 31495 230 75265 243 92245 16715 57037"],
  [
    "hello world!!!? (안녕하세요!) lol123 😉",
    "15339 1917 12340 30 320 31495 230 75265 243 92245 16715 28509 4513 57037",
  ],
  ["DON'T don't", "85741 17773 1541 956"],
  ["👍", "9468 239 235"],
];

/** Yields the items of the section. */
export async function* gpt4Section(env: LessonEnv<Text>): AsyncGenerator<Item> {
  const gpt4 = await bytePair("cl100k");
  yield heading("6. GPT-4's tokenizer");
  yield say(
    "Exercise 3 of minbpe: give exactly the ids of GPT-4's tokenizer. OpenAI has published the bytes of its tokens in order of rank, but not the merges. They can be recovered: encode the bytes of a token with the merges of lower rank, and two tokens are left, which the token's own merge joins:",
  );
  yield code("pipelines/lesson/tokenizer/gpt4.ts", "recoverySteps");
  const word = gpt4.encodeOrdinary(" tokenizer").length === 1 ? " tokenizer" : " example";
  const id = gpt4.encodeOrdinary(word)[0];
  yield lines(recoverySteps(gpt4, id));
  yield say(
    "And the single bytes are not in order: token 0 is not byte 0. As in GPT-2, the bytes that are printable in Latin-1 come first.",
  );
  yield table(
    ["token", "byte", "as text"],
    [0, 1, 31, 93, 94, 187, 188, 220, 255].map((token) => {
      const bytes = gpt4.tokens[token] ?? new Uint8Array();
      return [token, bytes[0], bracketed(bytes)];
    }),
  );
  const merges = [...new Map(gpt4.merges.map((merge): [number, Merge] => [merge[2], merge])).values()];
  const recovered = new BpeTokenizer({ pattern: "gpt4", tokens: gpt4.tokens, merges });
  yield say(
    `With ${
      merges.length.toLocaleString("en-US")
    } recovered merges, a tokenizer that knows only merges, like minbpe's, must give GPT-4's ids:`,
  );
  yield tokenItem(examples[0][0], { tokenizer: recovered, env });
  for (const [text, ids] of examples) {
    yield check({
      name: `ids of ${JSON.stringify(text)}`,
      ours: spaced(recovered.encodeOrdinary(text)),
      lecture: ids,
      source: "tiktoken, cl100k_base",
    });
  }
  const { text } = env.data;
  const whole = recovered.encodeOrdinary(text);
  yield check({
    name: "merges and ranks give the same ids for the whole text",
    ours: spaced(whole) === spaced(gpt4.encodeOrdinary(text)) ? "yes" : "no",
    lecture: "yes",
    source: "minbpe tests",
  });
  yield check({
    name: "tokens of the text, GPT-4",
    ours: whole.length,
    lecture: 49_298,
    source: "tiktoken",
    mayDiffer: env.reasonToDiffer(),
  });
  yield check({
    name: "tokens of the text, GPT-2",
    ours: (await bytePair("gpt2")).encodeOrdinary(text).length,
    lecture: 45_332,
    source: "tiktoken",
    mayDiffer: env.reasonToDiffer(),
  });
}

/** Loads one of OpenAI's tokenizers as a byte-pair tokenizer. */
export async function bytePair(name: "gpt2" | "cl100k"): Promise<BpeTokenizer> {
  const tokenizer = await loadTokenizer(name);
  if (!(tokenizer instanceof BpeTokenizer)) {
    throw new TypeError(`Expected ${name} to be a byte-pair tokenizer`);
  }
  return tokenizer;
}

/** Merges the bytes of a token until two tokens are left, and returns one line per merge. */
function recoverySteps(tokenizer: BpeTokenizer, token: number): string[] {
  const bytes = tokenizer.tokens[token] ?? new Uint8Array();
  const byBytes = new Map(tokenizer.tokens.map((each, id) => [spaced(each ?? []), id]));
  const joined = (left: number, right: number) =>
    byBytes.get(spaced([...tokenizer.tokens[left] ?? [], ...tokenizer.tokens[right] ?? []])) ?? Infinity;
  let ids = Array.from(bytes, (byte) => tokenizer.byteIds[byte]);
  const shown = [ids.map((id) => bracketed(tokenizer.tokens[id])).join("")];
  while (ids.length > 2) {
    let best = 0;
    for (let i = 1; i + 1 < ids.length; i++) {
      if (joined(ids[i], ids[i + 1]) < joined(ids[best], ids[best + 1])) best = i;
    }
    const id = joined(ids[best], ids[best + 1]);
    ids = mergePair(ids, { left: ids[best], right: ids[best + 1], count: 0 }, id);
    shown.push(`${ids.map((id) => bracketed(tokenizer.tokens[id])).join("")}  ${id}`);
  }
  return [...shown, `so merge ${token} joins ${ids.join(" and ")}`];
}
