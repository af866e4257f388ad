/**
 * The lesson on tokenizers: bytes, merges, splitting, GPT-4's vocabulary, special tokens, and mistakes that
 * tokens cause. Source: karpathy/minbpe and its exercise.md.
 *
 * @module
 */
import { integer } from "./cli/option_types.ts";
import { article } from "./lesson/data.ts";
import { lesson } from "./lesson/lesson.ts";
import { basicSection } from "./lesson/tokenizer/basic.ts";
import { bytesSection } from "./lesson/tokenizer/bytes.ts";
import { codePointsSolution } from "./lesson/tokenizer/code_points.ts";
import { failuresSection } from "./lesson/tokenizer/failures.ts";
import { gpt4Section } from "./lesson/tokenizer/gpt4.ts";
import { specialSection } from "./lesson/tokenizer/special.ts";
import { splitSection } from "./lesson/tokenizer/split.ts";

export default lesson({
  part: 8,
  module: import.meta.url,
  lecture: {
    title: "Let's build the GPT Tokenizer",
    url: "https://www.youtube.com/watch?v=zduSFxRajkE",
  },
  next: "makemore",
  about: "how text becomes numbers: minbpe's exercise step by step, and GPT-4's tokenizer",
  short: null,
  seed: 1,
  spares: ["seed", "device", "workers", "blas", "tune"], // it uses no random numbers and no model
  data: article,
  options: {
    vocabSize: integer("number of tokens to train; the lecture's figures are for 512", {
      value: 512,
      min: 260,
      max: 65_536,
      group: "Lesson",
    }),
  },
  async *run({ vocabSize }, env) {
    yield* bytesSection(env.data.text);
    yield* basicSection(vocabSize, env);
    yield* splitSection(vocabSize, env);
    yield* gpt4Section(env);
    yield* specialSection(vocabSize, env);
    yield* failuresSection(env);
  },
  exercises: {
    E01: {
      ask:
        "Write a BasicTokenizer with train, encode and decode that merges bytes. Train it on the text and look at its merges. You may find merges across the ends of words; E02 prevents them.",
      uses: ["source", "vocabSize"],
      solution: ({ vocabSize }, env) => basicSection(vocabSize, env),
    },
    E02: {
      ask: "Split the text with GPT-4's pattern first, and merge only inside the chunks.",
      uses: ["source", "vocabSize"],
      solution: ({ vocabSize }, env) => splitSection(vocabSize, env),
    },
    E03: {
      ask:
        "Load GPT-4's published tokens, recover the merges, take the order of the bytes into account, and give the same ids as tiktoken.",
      uses: ["source"],
      solution: (_o, env) => gpt4Section(env),
    },
    E04: {
      ask: "Handle special tokens: encode allowed ones as their ids, and others as text.",
      uses: ["source", "vocabSize"],
      solution: ({ vocabSize }, env) => specialSection(vocabSize, env),
    },
    E05: {
      ask:
        "Merge code points instead of bytes, and encode rare code points as bytes, as sentencepiece does for Llama 2.",
      uses: ["source"],
      solution: (_o, env) => codePointsSolution(env),
    },
  },
});
