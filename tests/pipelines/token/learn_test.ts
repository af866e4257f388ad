import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { compare, compressionLines } from "../../../pipelines/token/compression.ts";
import { passages } from "../../../pipelines/token/languages.ts";
import { learn, type LearnOptions } from "../../../pipelines/token/learn.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import { from } from "../../../stages/flow/flow.ts";
import { checkStage } from "../../../stages/flow/law.ts";
import { loadTokenizer } from "../../../stages/token/tokenizer.ts";
import { trainBpe } from "../../../stages/token/train_bpe.ts";
import stringWidth from "string-width";
import { withFolder } from "../program.ts";

const options: Omit<LearnOptions, "dir"> = {
  vocabSize: 300,
  pattern: "gpt4",
  special: ["<|endoftext|>"],
  tieBreak: "first-seen",
  maxCharacters: null,
};
const documents = passages.map(({ label, text }) => ({ id: label, text }));

Deno.test("learn() writes what trainBpe() learns, and the same after any cut", async () => {
  await withFolder(async (dir) => {
    await checkStage(learn({ ...options, dir }), documents.slice(0, 2));
    await from(asSource("documents", () => documents)).pipe(learn({ ...options, dir })).run();
    const wanted = await trainBpe(passages.map(({ text }) => text), options);
    const read = await loadTokenizer(dir);
    for (const { text } of passages) deepStrictEqual(read.encode(text), wanted.tokenizer.encode(text));
    const report = JSON.parse(await Deno.readTextFile(`${dir}/report.json`));
    strictEqual(report.tokens, wanted.report.tokens);
    deepStrictEqual(report.compression.columns.map(({ name }: { name: string }) => name), [
      "this",
      "gpt2",
      "cl100k",
    ]);
  });
});

Deno.test("learn() stops at maxCharacters and refuses what cannot be", async () => {
  await withFolder(async (dir) => {
    const first = { ...options, maxCharacters: 10, dir };
    await from(asSource("documents", () => documents)).pipe(learn(first)).run();
    strictEqual(JSON.parse(await Deno.readTextFile(`${dir}/report.json`)).texts, 1);
    await rejects(from(asSource("documents", () => [])).pipe(learn(first)).run(), /the source has no text/);
    throws(() => learn({ ...first, special: ["a", "a"] }), /"a": it is given twice/);
    throws(() => learn({ ...first, special: ["a\n"] }), /it has a line break/);
    throws(() => learn({ ...first, vocabSize: 256 }), /expected a whole number from 257/);
  });
});

Deno.test("compare() gives each passage under each vocabulary; with four it fits 40 columns", async () => {
  const gpt2 = await loadTokenizer("gpt2");
  const four = ["this", "gpt2", "cl100k", "o200k"].map((name) => ({ name, tokenizer: gpt2 }));
  const table = compare(four, { label: "your text", text: "hello world" });
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
