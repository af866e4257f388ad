/**
 * Merging code points instead of bytes, the rare ones as bytes: sentencepiece's and Llama 2's way.
 *
 * @module
 */
import { visible } from "../../parts/token/visible_token.ts";
import type { Text } from "../data.ts";
import { check, type Item, lines, progress, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { mergePair, plainMerges } from "./plain_bpe.ts";
import { bracketed } from "./token_items.ts";

const utf8 = new TextEncoder();

const bytes = 256; // tokens for what is no known character
const merges = 100;
const coverage = 0.9995; // share of a text's characters that get a token of their own: sentencepiece's default
const most = 20_000; // characters: the plain trainer looks at all of them for each merge

/** Exercise 5. */
export async function* codePointsSolution(env: LessonEnv<Text>): AsyncGenerator<Item> {
  const text = [...env.data.text].slice(0, most).join("").replaceAll(" ", "▁");
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const total = sorted.reduce((sum, [, n]) => sum + n, 0);
  const known: string[] = [];
  let covered = 0;
  for (const [character, n] of sorted) {
    if (covered >= coverage * total) break;
    known.push(character);
    covered += n;
  }
  const ids = new Map(known.map((character, i) => [character, bytes + i]));
  const start = (words: string): number[] =>
    [...words].flatMap((character) => ids.get(character) ?? [...utf8.encode(character)]);
  yield say(
    `The first ${
      total.toLocaleString("en-US")
    } characters have ${sorted.length} different ones; the ${known.length} most frequent are ${
      (100 * covered / total).toFixed(2)
    } % of them and get tokens. The others, such as ${
      sorted.slice(known.length, known.length + 6).map(([character]) => `"${visible(character)}"`).join(
        " ",
      ) || "none"
    }, are written as bytes. Blanks are written as "▁" first, as sentencepiece does.`,
  );
  const tokens = [
    ...Array.from({ length: bytes }, (_, byte) => Uint8Array.of(byte)),
    ...known.map((character) => utf8.encode(character)),
  ];
  const learned: { left: number; right: number; id: number }[] = [];
  const rows: (string | number)[][] = [];
  for (
    const { left, right, id, count } of plainMerges(start(text), { merges, firstId: bytes + known.length })
  ) {
    tokens.push(Uint8Array.of(...tokens[left], ...tokens[right]));
    learned.push({ left, right, id });
    if (rows.length < 20) rows.push([id, `${bracketed(tokens[left])} ${bracketed(tokens[right])}`, count]);
    if (id % 10 === 0) yield progress(`merge ${learned.length} of ${merges}`);
  }
  yield table(["token", "made of", "times"], rows);
  const encode = (words: string): number[] =>
    learned.reduce((row, { left, right, id }) => mergePair(row, { left, right, count: 0 }, id), start(words));
  const example = "▁The▁people▁of▁北京▁🙂";
  yield say("What it has never met falls apart into bytes, and nothing is lost:");
  yield lines([encode(example).map((id) => bracketed(tokens[id])).join("")]);
  yield check({
    name: "decode(encode(text)) is the text",
    ours: decode(encode(text + example), tokens) === text + example ? "yes" : "no",
    lecture: "yes",
    source: "minbpe, exercise.md, step 5",
  });
}

/** Bytes of tokens, read as UTF-8 all together. */
function decode(ids: readonly number[], tokens: readonly Uint8Array[]): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(
    Uint8Array.from(ids.flatMap((id) => [...tokens[id]])),
  );
}
