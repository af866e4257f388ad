/**
 * Rows of sizes that all architectures have, without their default values.
 *
 * @module
 */

/** Sizes of a language model. */
export const sizeRows = {
  layers: { kind: "size", about: "transformer blocks", unit: "layers", required: true, min: 1, max: 1000 },
  channels: {
    kind: "size",
    about: "width of the residual stream, in numbers per token",
    unit: "channels",
    required: true,
    min: 1,
    max: 65536,
  },
  seqLen: {
    kind: "size",
    about: "longest sequence, in tokens",
    unit: "positions",
    required: true,
    min: 1,
    max: 2 ** 20,
  },
  vocabSize: {
    kind: "size",
    about: "tokens in the vocabulary",
    unit: "tokens",
    required: true,
    min: 1,
    max: 2 ** 31 - 1, // llm.c's header stores it as an int32
    commandLine: false, // the command line takes it from the tokenizer
  },
  vocabPad: {
    kind: "size",
    about: "pad the embedding to a multiple of this many rows; 1 = no padding",
    unit: "rows",
    min: 1,
    max: 65536,
    affects: "memory",
  },
} as const;

/** Heads of models whose queries share heads of keys and values. */
export const keyHeadsRow = {
  kind: "size",
  about: "heads of keys and values per block; must divide --heads",
  unit: "heads of keys",
  required: true,
  min: 1,
  max: 1000,
} as const;
