/**
 * Options for token shards: how they are divided for validation, and which ones to read.
 *
 * @module
 */
import type { OptionRequirement } from "../../cli/pipeline.ts";
import { integer, number, oneOf, path } from "../../cli/option_types.ts";

const common = { fixed: true, group: "Data" };
const globs = { value: null, placeholder: "GLOB", ...common } as const;

/** Options for shards that the pipeline writes. */
export const validationOptions = {
  valShare: number(
    "share of the text to hold out for validation: documents from all of the source, chosen by a hash",
    {
      value: null,
      min: 1e-6,
      max: 0.5,
      replaces: ["valTokens"],
      atStart: ({ valTokens }) => valTokens === null ? 0.1 : null,
      ...common,
    },
  ),
  valBytes: integer("largest size of the held-out text", {
    unit: "bytes",
    value: null,
    min: 1,
    replaces: ["valTokens"],
    atStart: ({ valTokens }) => valTokens === null ? 4_000_000 : null,
    ...common,
  }),
  valTokens: integer(
    "in place of --val-share and --val-bytes: the first documents, until they have N tokens; a trained vocabulary sees them",
    { value: null, min: 2, replaces: ["valShare", "valBytes"], ...common },
  ),
};

/** Requires that the shards of an option may be .bin files: datatrove's .ds files have a single format. */
export function ofBinShards(option: string): OptionRequirement {
  return {
    option,
    accepts: (glob) => !/\.(ds|npy)$/.test(String(glob ?? "")),
    typed: "shards in .bin files",
  };
}

/** Options for shards that exist already. */
export const shardOptions = {
  trainShards: path("token shards to train on", {
    ...globs,
    // Sequences that are all shuffled together come from all over the shards, one by one.
    stored: ({ shuffle }) => shuffle === "all" ? "shards" : "described",
  }),
  valShards: path("token shards to validate on", { ...globs, stored: "shards" }),
  shardFormat: oneOf(
    "format of .bin shards: llm.c's, or that of nanoGPT's train.bin; .ds is datatrove's, .npy build-nanogpt's, .bin beside .idx Megatron's",
    {
      value: "llmc",
      choices: ["llmc", "nanogpt"],
      ...common,
      requires: ofBinShards("trainShards"),
    },
  ),
  vocabSize: integer(
    "vocabulary size of the shards; default: that of their tokenizer, or of --init-from if they have no tokenizer",
    {
      value: null,
      min: 1,
      ...common,
    },
  ),
};
