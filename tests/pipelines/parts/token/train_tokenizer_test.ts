import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { compareCompression, compressionLines } from "../../../../pipelines/parts/token/compression.ts";
import { passages } from "../../../../pipelines/parts/token/passages.ts";
import { groupTexts } from "../../../../pipelines/parts/token/group_texts.ts";
import {
  trainOnCounts,
  trainTokenizer,
  type TrainTokenizerOptions,
} from "../../../../pipelines/parts/token/train_tokenizer.ts";
import { asSource } from "../../../../stages/flow/as_source.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { checkStage } from "../../../../stages/flow/check_resume.ts";
import { ChunkCounter } from "../../../../stages/token/train/chunk_counter.ts";
import { loadTokenizer } from "../../../../stages/token/load_tokenizer.ts";
import { trainBpe } from "../../../../stages/token/train/train_bpe.ts";
import stringWidth from "string-width";
import { withFolder } from "../../program.ts";

const options: Omit<TrainTokenizerOptions, "dir"> = {
  vocabSize: 300,
  pattern: "gpt4",
  special: ["<|endoftext|>"],
  tieBreak: "first-seen",
  maxCharacters: null,
  workers: 1,
};
const documents = passages.map(({ label, text }) => ({ id: label, text }));

Deno.test("trainTokenizer() gives the tokenizer of trainBpe(), also when it is resumed anywhere", async () => {
  await withFolder(async (dir) => {
    const groups = passages.slice(0, 2).map(({ text }) => {
      const counter = new ChunkCounter("gpt4");
      counter.add(text);
      return { ...counter.counted(), excerpt: text };
    });
    await checkStage(trainOnCounts(options, dir), groups);
    await from(asSource("documents", () => documents)).via(trainTokenizer({ ...options, dir, workers: 2 }))
      .run();
    const wanted = await trainBpe(passages.map(({ text }) => text), options);
    const read = await loadTokenizer(dir);
    for (const { text } of passages) deepStrictEqual(read.encode(text), wanted.tokenizer.encode(text));
    const report = JSON.parse(await Deno.readTextFile(`${dir}/report.json`));
    strictEqual(report.tokens, wanted.report.tokens);
    deepStrictEqual(report.compression.columns.map(({ name }: { name: string }) => name), [
      "this",
      "gpt2",
      "cl100k",
      "o200k",
    ]);
  });
});

Deno.test("trainTokenizer() stops at maxCharacters and refuses impossible options", async () => {
  await withFolder(async (dir) => {
    const first = { ...options, maxCharacters: 10, dir };
    await from(asSource("documents", () => documents)).via(trainTokenizer(first)).run();
    strictEqual(JSON.parse(await Deno.readTextFile(`${dir}/report.json`)).texts, 1);
    await rejects(
      from(asSource("documents", () => [])).via(trainTokenizer(first)).run(),
      /the source has no text/,
    );
    throws(() => trainTokenizer({ ...first, special: ["a", "a"] }), /"a": it is given twice/);
    throws(() => trainTokenizer({ ...first, special: ["a\n"] }), /it has a line break/);
    throws(() => trainTokenizer({ ...first, vocabSize: 256 }), /expected a whole number of at least 257/);
  });
});

Deno.test("groupTexts() groups texts in order, with an excerpt, also when it is resumed anywhere", async () => {
  const long = Array.from({ length: 9 }, (_, i) => ({ id: `${i}`, text: `${i}`.repeat(60_000) }));
  await checkStage(() => groupTexts({ maxCharacters: null, excerpt: 70_000 }), long);
  const groups = await Array.fromAsync(
    from(asSource("documents", () => long)).pipe(groupTexts({ maxCharacters: 400_000, excerpt: 350_000 }))
      .stream(),
  );
  // The fifth text completes 262,144 characters.
  deepStrictEqual(groups.map(({ texts }) => texts.length), [5, 2]);
  strictEqual(
    groups.map(({ excerpt }) => excerpt).join(""),
    long.map(({ text }) => text).join("").slice(0, 350_000),
  );
});

Deno.test("compareCompression() counts the tokens of all passages; four vocabularies fit 40 columns", async () => {
  const gpt2 = await loadTokenizer("gpt2");
  const four = ["this", "gpt2", "cl100k", "o200k"].map((name) => ({ name, tokenizer: gpt2 }));
  const table = compareCompression(four, { label: "your text", text: "hello world" });
  deepStrictEqual(table.rows[0], {
    label: "your text",
    translated: false,
    bytes: 11,
    characters: 11,
    tokens: [2, 2, 2, 2],
  });
  strictEqual(table.rows.length, passages.length + 1);
  const lines = compressionLines(table);
  for (const line of lines) ok(stringWidth(line) < 40, line);
  strictEqual(lines[3], "your text     5.50   5.50   5.50   5.50");
});
