/**
 * Tokenizing the 10.8 MB of State of the Union speeches that install with the program, on one core: encoding beside
 * the fastest encoder on npm, and learning a vocabulary. Each iteration takes all speeches; MB/s is 10.8 over seconds.
 *
 * @module
 */
import { encode as gptTokenizer } from "gpt-tokenizer/encoding/r50k_base";
import { from } from "../stages/flow/flow.ts";
import { embedded } from "../stages/source/embedded.ts";
import { cl100kTokenizer, gpt2Tokenizer } from "../stages/token/published.ts";
import { BpeTrainer } from "../stages/token/train_bpe.ts";

const speeches = await Array.fromAsync(
  from(embedded("sotu", { ordered: true })).stream(),
  ({ text }) => text,
);
const gpt2 = await gpt2Tokenizer();
const cl100k = await cl100kTokenizer();

function tokens(encode: (text: string) => { readonly length: number }): void {
  const sum = speeches.reduce((count, text) => count + encode(text).length, 0);
  if (sum < 2_000_000) throw new Error(`Only ${sum} tokens`); // the result is used
}

Deno.bench(
  { name: "gpt-tokenizer r50k", group: "encode 10.8 MB", baseline: true },
  () => tokens(gptTokenizer),
);
Deno.bench({ name: "gpt2", group: "encode 10.8 MB" }, () => tokens((text) => gpt2.encode(text)));
Deno.bench({ name: "cl100k", group: "encode 10.8 MB" }, () => tokens((text) => cl100k.encode(text)));

for (const [megabytes, vocabSize] of [[2, 2048], [10.8, 8192]]) {
  Deno.bench({ name: `${megabytes} MB to ${vocabSize} tokens`, group: "learn", n: 3, warmup: 1 }, () => {
    const trainer = new BpeTrainer({ vocabSize });
    for (const text of speeches.slice(0, Math.ceil(speeches.length * megabytes / 10.8))) trainer.add(text);
    if (trainer.train().tokenizer.vocabSize !== vocabSize) throw new Error("Ran out of pairs");
  });
}
