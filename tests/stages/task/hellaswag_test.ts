/**
 * Tests HellaSwag's items, from the file to rows of tokens.
 *
 * @module
 */
import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { from } from "../../../stages/flow/flow.ts";
import { checkSource } from "../../../stages/flow/check_resume.ts";
import { choiceRows } from "../../../stages/task/choice_rows.ts";
import { hellaswag } from "../../../stages/task/hellaswag.ts";
import type { MultipleChoice } from "../../../stages/task/multiple_choice.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { trainBpe } from "../../../stages/token/train/train_bpe.ts";
import { sharedTest } from "../../shared_data.ts";
import { withFile } from "../../temporary.ts";

async function itemsOf(path: string, items?: number): Promise<MultipleChoice[]> {
  const found: MultipleChoice[] = [];
  for await (const item of from(hellaswag(path, items === undefined ? {} : { items })).stream()) {
    found.push(item);
  }
  return found;
}

const line = (label: unknown) =>
  JSON.stringify({ ind: 3, ctx: "A man", label, endings: ["a.", "b.", "c.", "d."] });

Deno.test("hellaswag() reads items, also with labels as text, and resumes anywhere", async () => {
  await withFile(`${line(1)}\n\n${line("3")}\n${line(0)}\n`, async (path) => {
    deepStrictEqual((await itemsOf(path)).map(({ label }) => label), [1, 3, 0]);
    deepStrictEqual((await itemsOf(path, 2)).map(({ label }) => label), [1, 3]);
    await checkSource(hellaswag(path));
    await checkSource(hellaswag(path, { items: 2 }));
  });
});

Deno.test("hellaswag() refuses lines that are not items, naming file and line", async () => {
  for (
    const bad of [
      line(4),
      line(""),
      line(null),
      "3",
      `{"ctx":"a","label":0}`,
      `{"ctx":"a","label":0,"endings":[1,2]}`,
    ]
  ) {
    await withFile(`${line(0)}\n${bad}\n`, async (path) => {
      await rejects(itemsOf(path), (error: Error) => error.message.includes(`line 2 of ${path}`));
    });
  }
  await rejects(itemsOf("no/such.jsonl"), /no\/such\.jsonl/);
});

Deno.test("choiceRows() encodes each ending separately after a space, and cuts the start of rows that are too long", async () => {
  const tokenizer = byteTokenizer(), end = tokenizer.special.get("<|endoftext|>")!;
  const item = { context: "ab", endings: ["c", "de"], label: 0 };
  const bytes = (text: string) => [...new TextEncoder().encode(text)];
  const rows = choiceRows(item, { tokenizer, seqLen: 8 });
  deepStrictEqual(rows.map(({ ids, from }) => [[...ids], from]), [[bytes("ab c"), 2], [bytes("ab de"), 2]]);
  const cut = choiceRows(item, { tokenizer, seqLen: 2 });
  deepStrictEqual(cut.map(({ ids, from }) => [[...ids], from]), [[bytes("b c"), 1], [bytes(" de"), 1]]);
  const [bare] = choiceRows({ ...item, context: "" }, { tokenizer, seqLen: 8 });
  deepStrictEqual([[...bare.ids], bare.from], [[end, ...bytes(" c")], 1]);
  const { tokenizer: plain } = await trainBpe([], { vocabSize: 256 });
  throws(() => choiceRows({ ...item, context: "" }, { tokenizer: plain, seqLen: 8 }), RangeError);
});

sharedTest("hellaswag() reads 200 of the published items", ["tasks/hellaswag_200.jsonl"], async (path) => {
  const items = await itemsOf(path("tasks/hellaswag_200.jsonl"));
  strictEqual(items.length, 200);
  strictEqual(items.every(({ endings }) => endings.length === 4), true);
  deepStrictEqual([items[0].label, items[0].endings[3]], [3, "starts pulling up roofing on a roof."]);
});
