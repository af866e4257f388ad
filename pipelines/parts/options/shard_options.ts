/**
 * Options for token shards: how they are divided for validation, and which ones to read.
 *
 * @module
 */
import { integer, oneOf, path } from "../../cli/option_types.ts";

const common = { fixed: true, group: "Data" };

/** Options for shards that the pipeline writes. */
export const validationOptions = {
  valTokens: integer("validation tokens: the first documents are held out until they have N tokens", {
    value: 1_048_576,
    min: 2,
    ...common,
  }),
};

/** Options for shards that exist already. */
export const shardOptions = {
  trainShards: path("token shards to train on", { value: null, placeholder: "GLOB", ...common }),
  valShards: path("token shards to validate on", { value: null, placeholder: "GLOB", ...common }),
  shardFormat: oneOf("format of .bin shards: llm.c's, or that of nanoGPT's train.bin; .ds is datatrove's", {
    value: "llmc",
    choices: ["llmc", "nanogpt"],
    ...common,
  }),
  vocabSize: integer(
    "vocabulary size of the shards; default: that of their tokenizer, or of --init-from if they have no tokenizer",
    {
      value: null,
      min: 1,
      ...common,
    },
  ),
};
