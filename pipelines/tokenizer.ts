/**
 * The pipeline `tokenizer`: trains a byte-pair tokenizer on documents, or shows the tokens of a text.
 *
 * @module
 */
import { from } from "../stages/flow/flow.ts";
import { openSource } from "../stages/source/uri.ts";
import { sourceOptions, textOnly } from "./parts/options/document_options.ts";
import { integer, path, repeated, text } from "./cli/option_types.ts";
import {
  given,
  notGiven,
  readsArchives,
  readsFiles,
  readsHub,
  readsInRandomOrder,
  readsPlainText,
  readsRecords,
} from "./parts/options/requirements.ts";
import { vocabularyOptions } from "./parts/options/tokenizer_options.ts";
import { runOptions } from "./cli/run_options.ts";
import { pipeline } from "./cli/pipeline.ts";
import { shellWord } from "./cli/shell_word.ts";
import { inspectText } from "./parts/token/inspect_text.ts";
import { trainTokenizer } from "./parts/token/train_tokenizer.ts";
import { trainingSummary } from "./parts/token/training_summary.ts";

const group = "Inspecting a text";
const isTraining = notGiven("inspect", "a command without --inspect, which trains a tokenizer");
const isInspecting = given("inspect", "--inspect TEXT; a trained tokenizer lies in --out");

export default pipeline({
  about: "train a byte-pair tokenizer on documents, or show the tokens of a text with --inspect",
  options: {
    source: { ...sourceOptions.source, requires: isTraining },
    damaged: { ...sourceOptions.damaged, requires: [isTraining, readsFiles] },
    encoding: { ...sourceOptions.encoding, requires: [isTraining, readsPlainText] },
    split: { ...sourceOptions.split, requires: [isTraining, readsPlainText] },
    textKey: { ...sourceOptions.textKey, requires: [isTraining, readsRecords] },
    idKey: { ...sourceOptions.idKey, requires: [isTraining, readsRecords] },
    httpErrors: { ...sourceOptions.httpErrors, requires: [isTraining, readsArchives] },
    hubToken: { ...sourceOptions.hubToken, requires: [isTraining, readsHub] },
    pattern: { ...vocabularyOptions.pattern, requires: isTraining },
    tieBreak: { ...vocabularyOptions.tieBreak, requires: isTraining },
    vocabSize: integer("number of tokens: 256 bytes, merges and special tokens", {
      value: 8192,
      min: 256,
      max: 1 << 21,
      fixed: true,
      group: "Tokenizer",
      requires: isTraining,
    }),
    special: repeated('a special token; may be given several times; "" for none', {
      value: ["<|endoftext|>"],
      fixed: true,
      group: "Tokenizer",
      requires: isTraining,
    }),
    maxCharacters: integer("stop reading documents after this many characters; default: read all", {
      value: null,
      min: 1,
      fixed: true,
      group: "Tokenizer",
      requires: isTraining,
    }),
    inspect: text("train nothing, show the tokens of this text here and on a page; - reads standard input", {
      value: null,
      group,
    }),
    tokenizer: path(
      "tokenizer of --inspect: gpt2, p50k, p50k_edit, cl100k, o200k, o200k_harmony, byte or a trained tokenizer's folder",
      {
        value: "gpt2",
        group,
        requires: isInspecting,
        placeholder: "NAME|PATH",
        stored: "tokenizer",
      },
    ),
    out: { ...runOptions.out, requires: isTraining },
    resume: { ...runOptions.resume, requires: isTraining },
    seed: { ...runOptions.seed, requires: [isTraining, readsInRandomOrder] },
    workers: { ...runOptions.workers, requires: isTraining },
    page: path("path of the page that --inspect writes", {
      value: "runs/inspect.html",
      group,
      requires: isInspecting,
      placeholder: "FILE",
    }),
  },
  examples: [
    { does: "train a vocabulary on the texts that come with the program", typed: "" },
    {
      does: "train a small one on your own text",
      typed: "--source notes.txt --vocab-size 4096 --pattern gpt4 --out runs/notes-tokenizer",
    },
    {
      does: "show a text's tokens, here and on a page",
      typed: '--inspect "Hello, world" --tokenizer cl100k',
    },
  ],
  often: ["source", "vocabSize", "pattern", "special", "inspect", "tokenizer", "page", "out"],
  spares: ["device", "blas", "tune", "logEvery"],
  writes: (given) => (given("inspect") ?? null) === null,
  barrierEvery: 100_000, // documents: a checkpoint holds all counts, and recounting 20 MB takes only a second
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
    return from(await openSource(o.source, textOnly(o))).via(stages);
  },
  finish: async (o, { out }) => {
    if (o.inspect !== null) return { results: [], hints: [`Page: ${o.page}`] };
    const here = shellWord(out);
    return {
      results: [await trainingSummary(out)],
      hints: [
        `Bytes per token of each language, beside gpt2, cl100k and o200k: ${out}/report.json`,
        `To inspect it:  deno task pipeline tokenizer --inspect "Hello, world" --tokenizer ${here}`,
        `To use it:      deno task pipeline tokenize --tokenizer ${here} --source …`,
      ],
    };
  },
});
