/**
 * Learn a byte-pair vocabulary from documents; or look at what a tokenizer makes of a text.
 *
 * @module
 */
import { from } from "../stages/flow/flow.ts";
import { openSource } from "../stages/source/uri.ts";
import { sourceOptions } from "./parts/options/document_options.ts";
import { integer, path, repeated, text } from "./cli/option_types.ts";
import { vocabularyOptions } from "./parts/options/tokenizer_options.ts";
import { pipeline } from "./cli/pipeline.ts";
import { shellWord } from "./cli/shell_word.ts";
import { inspectText } from "./parts/token/inspect_text.ts";
import { trainTokenizer } from "./parts/token/train_tokenizer.ts";
import { trainingSummary } from "./parts/token/training_summary.ts";

const group = "Looking at a text";

export default pipeline({
  about: "learn a byte-pair vocabulary from documents, or --inspect a text's tokens",
  options: {
    ...sourceOptions,
    ...vocabularyOptions,
    vocabSize: integer("bytes, merges and special tokens together", {
      value: 8192,
      min: 256,
      max: 1 << 21,
      fixed: true,
      group: "Tokenizer",
    }),
    special: repeated('a special token; may be repeated; "": none', {
      value: ["<|endoftext|>"],
      fixed: true,
      group: "Tokenizer",
    }),
    maxCharacters: integer("learn from the first documents with so many characters; default: from all", {
      value: null,
      min: 1,
      fixed: true,
      group: "Tokenizer",
    }),
    inspect: text("show this text's tokens instead, here and on a page; - is standard input", {
      value: null,
      group,
    }),
    tokenizer: text("whose tokens: gpt2, p50k, cl100k, o200k, byte or a trained one's folder", {
      value: "gpt2",
      group,
      placeholder: "NAME|PATH",
    }),
    page: path("where the page is written", { value: "runs/inspect.html", group, placeholder: "FILE" }),
  },
  writes: (given) => (given("inspect") ?? null) === null,
  barrierEvery: 100_000, // documents: a checkpoint holds all counts, and counting again takes a second for 20 MB
  stats: "stats.json",
  async build(o, env) {
    if (o.inspect !== null) {
      return inspectText({ text: o.inspect, tokenizer: o.tokenizer, page: o.page }, env);
    }
    const stages = trainTokenizer({
      vocabSize: o.vocabSize,
      pattern: o.pattern,
      special: o.special.filter((text) => text !== ""),
      tieBreak: o.tieBreak,
      maxCharacters: o.maxCharacters,
      workers: env.workers,
      dir: env.out,
    });
    return from(await openSource(o.source, { damaged: o.damaged })).via(stages);
  },
  finish: async (o, { out }) => {
    if (o.inspect !== null) return [`Page: ${o.page}`];
    const here = shellWord(out);
    return [
      ...await trainingSummary(out),
      "",
      `To look at it:  deno task pipeline tokenizer --inspect "Hello, world" --tokenizer ${here}`,
      `To use it:      deno task pipeline tokenize --tokenizer ${here} --source …`,
    ];
  },
});
