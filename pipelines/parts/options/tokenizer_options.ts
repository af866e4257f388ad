/**
 * Options for a tokenizer and how it is trained.
 *
 * @module
 */
import { integer, oneOf, path, repeated, text } from "../../cli/option_types.ts";
import { oneOfValues } from "./requirements.ts";

const common = { fixed: true, group: "Tokenizer" };

/** Options for training a vocabulary. */
export const vocabularyOptions = {
  vocabSize: integer("size of the vocabulary: bytes, merges and special tokens together", {
    value: 50257,
    min: 1,
    ...common,
  }),
  pattern: text("how text is split before merging: gpt2, gpt4, o200k, none or a regular expression", {
    value: "gpt2",
    placeholder: "gpt2|gpt4|o200k|none|REGEX",
    ...common,
  }),
  special: repeated("special token; may be repeated", { value: ["<|endoftext|>"], ...common }),
  tieBreak: oneOf("which of several equally frequent pairs is merged first", {
    value: "first-seen",
    choices: ["first-seen", "greatest", "smallest-id"],
    ...common,
  }),
};

const isTrained = oneOfValues("tokenizer", ["train"], "--tokenizer train");

/** Options for choosing a tokenizer, or training one. */
export const tokenizerOptions = {
  tokenizer: path(
    "gpt2, p50k, p50k_edit, cl100k, o200k, o200k_harmony, char, byte, train (trained on a sample of the source), or the folder of a trained tokenizer",
    { value: "gpt2", placeholder: "NAME|PATH", stored: "tokenizer", ...common },
  ),
  separatorToken: text(
    "token that separates documents; default: the end of text of the tokenizer's files, else <|endoftext|>",
    {
      value: null,
      placeholder: "TOKEN",
      ...common,
    },
  ),
  vocabSize: { ...vocabularyOptions.vocabSize, requires: isTrained },
  pattern: { ...vocabularyOptions.pattern, requires: isTrained },
  special: { ...vocabularyOptions.special, requires: isTrained },
  tieBreak: { ...vocabularyOptions.tieBreak, requires: isTrained },
};
