/**
 * The pipeline `tokenize`: encodes documents as token shards, which llm.c and nanoGPT can read.
 *
 * @module
 */
import { from } from "../stages/flow/flow.ts";
import { shard } from "../stages/shard/shard.ts";
import { openSource } from "../stages/source/uri.ts";
import { sourceOptions, textOnly } from "./parts/options/document_options.ts";
import { oneOf } from "./cli/option_types.ts";
import { validationOptions } from "./parts/options/shard_options.ts";
import { isOfPlan } from "./parts/fineweb/rank_files.ts";
import { makePlan } from "./parts/ranks/planned_parts.ts";
import {
  mergedShards,
  ownParts,
  rankFolderOf,
  tokenizeFolder,
  tokenizeInputs,
  tokenizeNext,
  tokenizeRankOptions,
  tokenizeWorkOf,
} from "./parts/ranks/tokenize_ranks.ts";
import { tokenizerOptions } from "./parts/options/tokenizer_options.ts";
import { pipeline } from "./cli/pipeline.ts";
import { runOptions } from "./cli/run_options.ts";
import { oneOfValues, readsInRandomOrder } from "./parts/options/requirements.ts";
import { outOption } from "./parts/resume/free_folder.ts";
import { shellWord } from "./cli/shell_word.ts";
import { holdingOut } from "./parts/held_out.ts";
import { someDocuments } from "./parts/some_documents.ts";
import { checkRereadable, tokenizerFor } from "./parts/tokenizer_for.ts";
import { isFileSync } from "../stages/disk/whole_files.ts";
import type { TokenFormat } from "../stages/format/tokens/token_formats.ts";
import { readShardSummary } from "../stages/shard/summary.ts";
import { megatronWidth, writeMegatronIndex } from "../stages/format/tokens/megatron.ts";
import { encodeStage } from "./parts/token/encode_stage.ts";

export default pipeline({
  about: "encode documents as token shards, which llm.c, nanoGPT and Megatron-LM can read",
  options: {
    ...sourceOptions,
    ...tokenizerOptions,
    ...validationOptions,
    seed: { ...runOptions.seed, requires: readsInRandomOrder },
    shardFormat: oneOf(
      "llmc: train_000000.bin, val_000000.bin; nanogpt: train.bin, val.bin, uint16 without a header; megatron: the same with train.idx, val.idx, int32 for vocabularies from 65,500 ids",
      {
        value: "llmc",
        fixed: true,
        group: "Shards",
        choices: ["llmc", "nanogpt", "megatron"],
      },
    ),
    separatorToken: {
      ...tokenizerOptions.separatorToken,
      requires: oneOfValues("separator", ["before"], "--separator before"),
    },
    separator: oneOf(
      "before: put --separator-token before each document; none: put nothing between documents",
      {
        value: "before",
        fixed: true,
        group: "Shards",
        choices: ["before", "none"],
      },
    ),
    ...tokenizeRankOptions,
  },
  examples: [
    { does: "encode the texts that come with the program with GPT-2's vocabulary", typed: "" },
    {
      does: "train a vocabulary on a text and encode the text with it",
      typed: "--source notes.txt --tokenizer train --vocab-size 4096",
    },
    {
      does: "write nanoGPT's train.bin and val.bin, a token for each character",
      typed: "--source notes.txt --tokenizer char --shard-format nanogpt --out runs/characters",
    },
  ],
  often: [
    "source",
    "damaged",
    "tokenizer",
    "vocabSize",
    "valTokens",
    "shardFormat",
    "workers",
    "out",
    "resume",
    "dryRun",
  ],
  spares: ["device", "blas", "tune", "logEvery"],
  barrierEvery: 256, // documents
  ranks: {
    options: { rank: "own", world: "shared", only: "own" },
    folder: tokenizeFolder,
    reads: (given, path) => given("only") === "merge" || given("only") !== "plan" && isOfPlan(path),
  },
  async build(o, env) {
    const work = tokenizeWorkOf(o);
    if (work.step === "plan") return await makePlan(tokenizeInputs(o, env), env);
    if (work.step === "merge") return await mergedShards(env.out, work);
    checkRereadable(o);
    const { rank } = work,
      reading = textOnly(o),
      folder = rank === null ? env.out : rankFolderOf(env.out, rank);
    const held = holdingOut(o, {
      env,
      reading,
      share: rank === null ? undefined : rank === 0 ? "first" : "other",
    });
    const source = held.source(
      rank === null
        ? await openSource(o.source, reading)
        : await ownParts(o, { env, work: { ...work, rank } }),
    );
    const documents = from(source).via(held.mark);
    const own = { ...env, out: folder }; // each rank keeps the tokenizer for its threads
    const tokenizer = await tokenizerFor(o, { documents, filtered: false, env: own });
    const some = rank === null ? from(source).pipe(someDocuments({ filtered: false })) : from(source);
    return some
      .via(held.mark)
      .pipe(encodeStage(tokenizer, { env: own, separator: o.separator === "before" }))
      .pipe(shard({
        dir: `${folder}/shards`,
        vocabSize: tokenizer.vocabSize,
        validationTokens: held.validationTokens,
        format: binFormat(o.shardFormat, tokenizer.vocabSize),
        mayBeEmpty: rank !== null,
      }));
  },
  finish: async (o, { out, address }) => {
    const { step, rank } = tokenizeWorkOf(o);
    if (step === "plan" || rank !== null) return tokenizeNext(out, { step, rank, address });
    const [training, validation, format] = o.shardFormat === "llmc"
      ? ["train_*.bin", "val_*.bin", ""]
      : ["train.bin", "val.bin", o.shardFormat === "nanogpt" ? " --shard-format nanogpt" : ""];
    if (o.shardFormat === "megatron") {
      const width = megatronWidth((await readShardSummary(`${out}/shards`))?.vocabSize ?? 0);
      for (const name of [training, validation]) {
        const path = `${out}/shards/${name}`;
        if (isFileSync(path)) writeMegatronIndex(path, { separated: o.separator === "before", width });
      }
    }
    return {
      results: [`Shards:  ${out}/shards`],
      hints: [
        `Next:    deno task pipeline train --train-shards ${
          shellWord(`${out}/shards/${training}`)
        } --val-shards ${shellWord(`${out}/shards/${validation}`)}${format}${outOption("train")}`,
      ],
    };
  },
});

/** Returns the format of the `.bin` files; Megatron's index is written when they are complete. */
function binFormat(format: "llmc" | "nanogpt" | "megatron", vocabSize: number): TokenFormat {
  if (format !== "megatron") return format;
  return megatronWidth(vocabSize) === 2 ? "nanogpt" : "int32";
}
