/**
 * Benches of tokenizers on the 10.8 MB of State of the Union speeches that are installed with the program:
 * encoding on one core, compared with the fastest encoder on npm; encoding on several cores; decoding;
 * training a vocabulary. An iteration processes all speeches, so 10.8 divided by the seconds per iteration
 * gives MB/s.
 *
 * @module
 */
import { decode as gptTokenizerDecode, encode as gptTokenizer } from "gpt-tokenizer/encoding/r50k_base";
import { encode as gptTokenizerO200k } from "gpt-tokenizer/encoding/o200k_base";
import { asSource } from "../stages/flow/as_source.ts";
import { from } from "../stages/flow/flow.ts";
import { embedded } from "../stages/source/embedded/embedded.ts";
import { encodeParallel } from "../stages/token/encode_parallel.ts";
import { openAiTokenizer } from "../stages/token/files/openai_vocabularies.ts";
import { BpeTrainer, trainBpe } from "../stages/token/train/train_bpe.ts";

const speeches = await Array.fromAsync(
  from(embedded("sotu", { ordered: true })).stream(),
  ({ text }) => text,
);
const gpt2 = await openAiTokenizer("gpt2");
const cl100k = await openAiTokenizer("cl100k");
const o200k = await openAiTokenizer("o200k");
const ids = speeches.map((text) => gpt2.encodeOrdinary(text));
const lists = ids.map((each) => [...each]); // gpt-tokenizer takes arrays

/** Encodes all speeches and checks the number of tokens, so that the work cannot be optimized away. */
function tokens(encode: (text: string) => { readonly length: number }): void {
  const sum = speeches.reduce((count, text) => count + encode(text).length, 0);
  if (sum < 2_000_000) throw new Error(`Only ${sum} tokens`);
}

/**
 * Decodes all speeches, reads a character of each, for which V8 joins the parts of the string, and checks the
 * number of characters.
 */
function characters<Ids>(from: readonly Ids[], decode: (ids: Ids) => string): void {
  let count = 0;
  for (const ids of from) {
    const text = decode(ids);
    if (text.charCodeAt(text.length - 1) > 0) count += text.length;
  }
  if (count < 10_000_000) throw new Error("Too few characters");
}

for (
  const [name, encode, baseline] of [
    ["gpt-tokenizer r50k", gptTokenizer, true],
    ["gpt2, ordinary text", (text: string) => gpt2.encodeOrdinary(text), false],
    ["gpt2, special tokens refused", (text: string) => gpt2.encode(text), false],
    ["cl100k", (text: string) => cl100k.encodeOrdinary(text), false],
    ["gpt-tokenizer o200k", gptTokenizerO200k, false],
    ["o200k", (text: string) => o200k.encodeOrdinary(text), false],
  ] as const
) Deno.bench({ name, group: "encode 10.8 MB", baseline }, () => tokens(encode));

const group = "decode 10.8 MB";
Deno.bench(
  { name: "gpt-tokenizer r50k", group, baseline: true },
  () => characters(lists, gptTokenizerDecode),
);
Deno.bench({ name: "gpt2", group }, () => characters(ids, (each) => gpt2.decode(each)));

// 65 MB, so that loading the tokenizer in each worker takes a small part of the time.
const many = Array.from({ length: 6 }, () => speeches).flat();
for (const workers of [1, 2, 4, 8].filter((workers) => workers <= navigator.hardwareConcurrency)) {
  Deno.bench({
    name: `65 MB as documents on ${workers} ${workers === 1 ? "thread" : "workers"}`,
    group: "encode in workers",
    n: 3,
    warmup: 1,
    baseline: workers === 1,
  }, async () => {
    let sum = 0;
    const documents = asSource("documents", () => many.map((text, i) => ({ id: `${i}`, text })));
    const encoded = from(documents).pipe(encodeParallel({ tokenizer: "gpt2", workers }));
    for await (const { ids } of encoded.stream()) sum += ids.length;
    if (sum < 12_000_000) throw new Error(`Only ${sum} tokens`);
  });
}

for (const [megabytes, vocabSize] of [[2, 2048], [10.8, 8192]]) {
  Deno.bench(
    { name: `${megabytes} MB to ${vocabSize} tokens`, group: "train a vocabulary", n: 3, warmup: 1 },
    () => {
      const trainer = new BpeTrainer({ vocabSize });
      for (const text of speeches.slice(0, Math.ceil(speeches.length * megabytes / 10.8))) trainer.add(text);
      if (trainer.train().tokenizer.vocabSize !== vocabSize) throw new Error("Ran out of pairs");
    },
  );
}
for (const workers of [1, 2, 4].filter((workers) => workers <= navigator.hardwareConcurrency)) {
  Deno.bench({
    name: `65 MB to 8192 tokens, counted on ${workers} ${workers === 1 ? "thread" : "workers"}`,
    group: "train a vocabulary from a stream",
    n: 3,
    warmup: 1,
    baseline: workers === 1,
  }, async () => {
    const { tokenizer } = await trainBpe(many, { vocabSize: 8192, workers });
    if (tokenizer.vocabSize !== 8192) throw new Error("Ran out of pairs");
  });
}
