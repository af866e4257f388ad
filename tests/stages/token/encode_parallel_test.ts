import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { asSource } from "../../../stages/flow/as_source.ts";
import { from } from "../../../stages/flow/flow.ts";
import type { BpeTokenizer } from "../../../stages/token/bpe.ts";
import { encode } from "../../../stages/token/encode.ts";
import { encodeBatch, encodeParallel } from "../../../stages/token/encode_parallel.ts";
import { saveTokenizer } from "../../../stages/token/files/folder.ts";
import { trainBpe } from "../../../stages/token/train/train_bpe.ts";
import { randomText } from "./random_text.ts";

const texts = Array.from({ length: 60 }, (_, trial) => randomText(trial).repeat(1 + trial % 7));
const documents = texts.map((text, i) => ({ id: `${i}`, text }));

async function trained(): Promise<{ tokenizer: BpeTokenizer; dir: string }> {
  const dir = await Deno.makeTempDir();
  const { tokenizer } = await trainBpe(texts, { vocabSize: 300, special: ["<|endoftext|>"] });
  await saveTokenizer(tokenizer, { dir });
  return { tokenizer, dir };
}

Deno.test("encodeParallel() returns the same ids in the same order for any number of workers", async () => {
  const { tokenizer, dir } = await trained();
  const flow = from(asSource("documents", () => documents));
  const wanted = await Array.fromAsync(flow.pipe(encode(tokenizer)).stream());
  for (const workers of [0, 1, 2, 3]) {
    const stage = encodeParallel({ tokenizer: dir, workers });
    deepStrictEqual(await Array.fromAsync(flow.pipe(stage).stream()), wanted, `${workers} workers`);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("encodeBatch() encodes texts in order as the tokenizer does, from a name or a folder", async () => {
  const { tokenizer, dir } = await trained();
  const marked = texts.map((text) => `${text}<|endoftext|>`);
  const ids = encodeBatch(marked, { tokenizer: dir, workers: 2, allowedSpecial: "all" });
  deepStrictEqual(
    await Array.fromAsync(ids),
    marked.map((text) => tokenizer.encode(text, { allowedSpecial: "all" })),
  );
  await rejects(
    Array.fromAsync(encodeBatch(marked, { tokenizer: dir, workers: 2 })),
    /special token <\|endoftext\|>/,
  );
  const [empty] = await Array.fromAsync(encodeBatch([""], { tokenizer: "byte", workers: 1 }));
  strictEqual(empty.length, 0);
  await rejects(
    Array.fromAsync(encodeBatch(["a"], { tokenizer: "no such", workers: 2 })),
    /no such folder or file/,
  );
  await Deno.remove(dir, { recursive: true });
});
