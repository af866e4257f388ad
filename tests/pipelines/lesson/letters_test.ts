import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { examplesOf, Letters, splitExamples, splitWords } from "../../../pipelines/lesson/letters.ts";
import { sharedTest } from "../../shared_data.ts";

Deno.test("examplesOf() makes an example of each letter and of the mark at the end", () => {
  const letters = new Letters(["emma", "ava"]);
  deepStrictEqual(letters.symbols, [".", "a", "e", "m", "v"]);
  const { inputs, targets, count } = examplesOf(["ava"], { letters, context: 2 });
  deepStrictEqual(
    Array.from(
      targets,
      (y, i) => `${letters.decode(inputs.subarray(2 * i, 2 * i + 2))}>${letters.decode([y])}`,
    ),
    ["..>a", ".a>v", "av>a", "va>."],
  );
  strictEqual(count, 4);
});

Deno.test("splitWords() splits at 80 and 90 percent and loses no word", () => {
  const words = Array.from({ length: 57 }, (_, i) => `w${i}`), { train, dev, test } = splitWords(words);
  deepStrictEqual([train.length, dev.length, test.length], [45, 6, 6]);
  deepStrictEqual(new Set([...train, ...dev, ...test]), new Set(words));
});

sharedTest("splitWords() splits as makemore does", ["text/names.txt"], async (path) => {
  const words = (await Deno.readTextFile(path("text/names.txt"))).split("\n"), letters = new Letters(words);
  const { train, dev, test } = splitWords(words);
  deepStrictEqual(train.slice(0, 8), "yuheng diondre xavien jori juanluis erandi phia samatha".split(" "));
  deepStrictEqual(
    [train, dev, test].map((part) => examplesOf(part, { letters, context: 3 }).count),
    [182625, 22655, 22866],
  );
  // In the notebook of part 2, the cell that shuffles the words had been run four times.
  const { train: again } = splitWords(words, { shuffles: 4 });
  strictEqual(examplesOf(again, { letters, context: 3 }).count, 182441);
});

Deno.test("splitExamples() makes the examples of splitWords(), one part after the other", () => {
  const words = ["ann", "bob", "cy", "dora", "eve", "fay", "gil", "hal", "ian", "joe"];
  const letters = new Letters(words), { examples, rows } = splitExamples(words, { letters, context: 2 });
  const split = splitWords(words);
  for (const part of ["train", "dev", "test"] as const) {
    const own = examplesOf(split[part], { letters, context: 2 });
    deepStrictEqual([...rows[part]].map((row) => examples.targets[row]), [...own.targets], part);
    deepStrictEqual(
      [...rows[part]].flatMap((row) => [...examples.inputs.subarray(2 * row, 2 * row + 2)]),
      [...own.inputs],
      part,
    );
  }
  strictEqual(rows.train.length + rows.dev.length + rows.test.length, examples.count);
});
