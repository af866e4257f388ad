/**
 * Sections 2 to 4 of the lesson, which follow minbpe's BasicTokenizer: training by merging the most frequent
 * pairs, encoding and decoding.
 *
 * @module
 */
import type { BpeTokenizer } from "../../../stages/token/bpe.ts";
import { trainBpe } from "../../../stages/token/train/train_bpe.ts";
import type { Text } from "../data.ts";
import { check, code, heading, type Item, lines, progress, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { mergeList, minbpeChecks } from "./minbpe_checks.ts";
import { mergePair, pairCounts, plainMerges } from "./plain_bpe.ts";
import { bracketed, spaced } from "./token_items.ts";

const utf8 = new TextEncoder();
const plainSteps = 20; // merges by the plain trainer, which reads the whole text for each merge

/** Yields the items of the three sections. */
export async function* basicSection(vocabSize: number, env: LessonEnv<Text>): AsyncGenerator<Item> {
  const { text } = env.data;
  yield heading("2. The most frequent pair");
  yield say("A short text first: its bytes, and the numbers that are left after each merge.");
  yield code("pipelines/lesson/tokenizer/plain_bpe.ts", "mergePair");
  yield* smallExample();
  const bytes = [...utf8.encode(text)];
  const top = pairCounts(bytes).slice(0, 10);
  yield say(
    `In the text of this lesson, ${
      bytes.length.toLocaleString("en-US")
    } bytes, these pairs are the most frequent:`,
  );
  yield table(
    ["pair", "bytes", "times"],
    top.map(({ left, right, count }) => [bracketed(Uint8Array.of(left, right)), `${left} ${right}`, count]),
  );
  yield check({
    name: "most frequent pair of bytes",
    ours: `${top[0].left} ${top[0].right}`,
    lecture: "101 32",
    source: "minbpe, BasicTokenizer on taylorswift.txt",
    mayDiffer: env.reasonToDiffer(),
  });

  yield heading("3. Learning merges");
  yield say(
    "Exercise 1 of minbpe: count all pairs, replace the most frequent one by a new number, and count again. Of equally frequent pairs, the one that occurs first is merged.",
  );
  yield code("pipelines/lesson/tokenizer/plain_bpe.ts", "plainMerges");
  const steps: (string | number)[][] = [];
  const known = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const plain: string[] = [];
  for (
    const { left, right, count, id, ids } of plainMerges(bytes, {
      merges: Math.min(plainSteps, vocabSize - 256),
    })
  ) {
    known.push(Uint8Array.of(...known[left], ...known[right]));
    plain.push(`${left} ${right}`);
    steps.push([id, `${bracketed(known[left])} ${bracketed(known[right])}`, count, ids.length]);
    yield progress(`merge ${id}`);
  }
  yield table(["token", "made of", "times", "numbers left"], steps);
  const { tokenizer } = await trainBpe([text], { vocabSize, pattern: "none" });
  yield say(
    `This trainer is easy to read, but slow. The program's own trainer updates its counts instead of counting again; it has just learned all ${tokenizer.merges.length} merges. Its first merges must be the same:`,
  );
  yield check({
    name: `first ${plain.length} merges of the fast trainer`,
    ours: mergeList(tokenizer, plain.length) === plain.join(", ")
      ? "the same"
      : mergeList(tokenizer, plain.length),
    lecture: "the same",
    source: "the plain trainer above",
  });
  if (vocabSize === 512) yield* basicChecks(tokenizer, env);
  yield* encodeStepByStep(tokenizer, env);
}

function* smallExample(): Generator<Item> {
  let ids: readonly number[] = [...utf8.encode("aaabdaaabac")];
  const shown = [`aaabdaaabac  ${spaced(ids)}`];
  for (const step of plainMerges(ids, { merges: 3 })) {
    ids = step.ids;
    shown.push(`${step.left} ${step.right} → ${step.id} (${step.count} times)  ${spaced(ids)}`);
  }
  yield lines(shown);
  yield check({
    name: "aaabdaaabac after three merges",
    ours: spaced(ids),
    lecture: "258 100 258 97 99",
    source: "minbpe tests, after Wikipedia",
  });
}

function basicChecks(tokenizer: BpeTokenizer, env: LessonEnv<Text>): AsyncGenerator<Item> {
  return minbpeChecks(tokenizer, {
    name: "basic",
    firstMerges: "101 32, 44 32, 100 32, 46 32, 114 32, 50 48, 115 32, 105 110, 111 110, 114 105",
    model: "ecff325f8c514737fa4d3ce72c719ebb211dd645b59da77697bf0853f33e0954",
    vocab: "8101c1b0dc42b9a5dfe42a4874f6c6d9adf5da23ccc1126d4c12279ce63e25ea",
    source: "minbpe, BasicTokenizer, 512 tokens of taylorswift.txt",
    mayDiffer: env.reasonToDiffer(),
  });
}

/** Encodes an example merge by merge, then decodes. */
function* encodeStepByStep(tokenizer: BpeTokenizer, { data: { text } }: LessonEnv<Text>): Generator<Item> {
  yield heading("4. Encoding and decoding");
  yield say(
    "A new text is encoded with the same merges in the same order: of all its pairs, the one that was learned first is merged first. Neither the length of the token nor the frequency of the pair in the new text matters.",
  );
  yield code("pipelines/lesson/tokenizer/basic.ts", "encode");
  const example = /\p{L}+ \p{L}+ \p{L}+/u.exec(text.slice(text.length >> 1))?.[0].slice(0, 32) ??
    text.slice(0, 24);
  const ranks = new Map(tokenizer.merges.map(([left, right, id]) => [`${left} ${right}`, id]));
  // #region encode
  let ids = [...utf8.encode(example)];
  const shown = [tokensInBrackets(ids, tokenizer)];
  for (;;) {
    const best = pairCounts(ids)
      .map((pair) => ({ pair, id: ranks.get(`${pair.left} ${pair.right}`) ?? Infinity }))
      .reduce((a, b) => b.id < a.id ? b : a, { pair: { left: 0, right: 0, count: 0 }, id: Infinity });
    if (best.id === Infinity) break;
    ids = mergePair(ids, best.pair, best.id);
    shown.push(`${String(best.id).padStart(6)}  ${tokensInBrackets(ids, tokenizer)}`);
  }
  // #endregion
  yield lines([`        ${shown[0]}`, ...shown.slice(1)]);
  yield check({
    name: "ids of the program's own tokenizer",
    ours: spaced(ids),
    lecture: spaced(tokenizer.encodeOrdinary(example)),
    source: "stages/token",
  });
  yield say(
    `Decoding only joins the bytes of the tokens. But not every list of tokens is text: byte 128 alone is a part of a character, and decodes to "${
      tokenizer.decode([128])
    }" (U+FFFD). So decode(encode(text)) is always the text, but encode(decode(tokens)) is not always the tokens.`,
  );
  yield check({
    name: "decode(encode(text)) is the text",
    ours: tokenizer.decode(tokenizer.encodeOrdinary(text)) === text.toWellFormed() ? "yes" : "no",
    lecture: "yes",
    source: "minbpe tests",
  });
}

/** Returns the tokens with the given ids, each in brackets. */
function tokensInBrackets(ids: readonly number[], tokenizer: BpeTokenizer): string {
  return ids.map((id) => bracketed(tokenizer.tokens[id])).join("");
}
