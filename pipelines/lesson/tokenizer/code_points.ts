/**
 * Exercise 5 of the lesson: merging code points instead of bytes. Rare code points are represented by their
 * bytes, as in sentencepiece for Llama 2.
 *
 * @module
 */
import { visible } from "../../../stages/token/view/visible_token.ts";
import type { Text } from "../data.ts";
import { check, code, type Item, lines, progress, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { mergePair, plainMerges } from "./plain_bpe.ts";
import { bracketed } from "./token_items.ts";

const utf8 = new TextEncoder();

const bytes = 256; // byte tokens, for characters that have no token
const merges = 100;
const coverage = 0.9995; // fraction of the text whose characters get a token (sentencepiece's default)
const most = 20_000; // length limit in characters: the plain trainer reads the whole text for each merge

/** Yields the items of our solution. */
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
  const rare = sorted.slice(known.length).map(([character]) => character);
  const ids = new Map(known.map((character, i) => [character, bytes + i]));
  const start = (words: string): number[] =>
    [...words].flatMap((character) => ids.get(character) ?? [...utf8.encode(character)]);
  yield say(
    `The first ${
      total.toLocaleString("en-US")
    } characters of the text contain ${sorted.length} different ones. The ${known.length} most frequent make up ${
      (100 * covered / total).toFixed(2)
    } % of the text and get a token each. The others (${
      shown(rare)
    }) are encoded as bytes. Spaces are replaced by "▁" first, as in sentencepiece.`,
  );
  yield code("pipelines/lesson/tokenizer/code_points.ts", "start");
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
  yield say("Characters that have no token are encoded as bytes, so no text is lost:");
  yield lines([encode(example).map((id) => bracketed(tokens[id])).join("")]);
  yield check({
    name: "decode(encode(text)) is the text",
    ours: decode(encode(text + example), tokens) === text + example ? "yes" : "no",
    lecture: "yes",
    source: "minbpe, exercise.md, step 5",
  });
}

/** Returns the first six of some characters in quotation marks, and says how many more there are. */
function shown(characters: readonly string[]): string {
  if (characters.length === 0) return "none here";
  const first = characters.slice(0, 6).map((character) => `"${visible(character)}"`).join(" ");
  return characters.length > 6 ? `${first} and ${characters.length - 6} more` : first;
}

/** Decodes the joined bytes of tokens as UTF-8. */
function decode(ids: readonly number[], tokens: readonly Uint8Array[]): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(
    Uint8Array.from(ids.flatMap((id) => [...tokens[id]])),
  );
}
