/**
 * Options for how a prompt is encoded, and a check before a run starts that the model can continue it:
 * otherwise the run would fail at its first sample.
 *
 * @module
 */
import { hasTemplate, PROMPT_OPTIONS, promptIds } from "../../stages/sample/prompt_ids.ts";
import { DisallowedTokenError, type SpecialOptions } from "../../stages/token/special.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import { flag, repeated } from "../cli/option_types.ts";
import type { Values } from "../cli/pipeline.ts";

/** Options for how prompts are encoded. */
export const promptOptions = {
  specialInPrompt: repeated(
    "what texts of special tokens in a prompt are: all = these tokens, none = plain text, refuse = an error, " +
      "or a token's text: this token, and others are an error; may be repeated",
    { value: ["all"], placeholder: "all|none|refuse|TOKEN", group: "Sampling" },
  ),
  addSpecialTokens: flag(
    "put the tokens around a prompt that the tokenizer's file puts around a text, such as Llama's <s>",
    { value: true, group: "Sampling" },
  ),
};

/**
 * Returns how the options say that prompts are encoded. Throws RangeError if `--special-in-prompt` has a word
 * beside other values, or if `--no-add-special-tokens` would do nothing with this tokenizer.
 */
export function promptEncoding(
  { specialInPrompt: names, addSpecialTokens }: Values<typeof promptOptions>,
  tokenizer: Tokenizer,
): SpecialOptions {
  if (!addSpecialTokens && !hasTemplate(tokenizer)) {
    throw new RangeError(
      "--no-add-special-tokens does nothing here: the tokenizer's file adds no tokens: leave it out",
    );
  }
  const word = names.find((name) => ["all", "none", "refuse"].includes(name));
  if (word !== undefined && names.length > 1) {
    throw new RangeError(
      `Cannot use --special-in-prompt ${word} together with other values: give it alone, or only tokens`,
    );
  }
  const unknown = names.find((name) => name !== word && !tokenizer.special.has(name));
  if (unknown !== undefined) tokenizer.encode("", { allowedSpecial: [unknown] }); // throws
  switch (word) {
    case "all":
      return { allowedSpecial: "all", addSpecialTokens };
    case "none":
      return { disallowedSpecial: [], addSpecialTokens };
    case "refuse":
      return { addSpecialTokens };
    default:
      return { allowedSpecial: names, addSpecialTokens };
  }
}

/** A prompt, and the tokenizer and model that must accept it. */
export interface PromptCheck {
  readonly prompt: string;
  /** Name of the option that gave the prompt, for example "--prompt". */
  readonly option: string;
  readonly tokenizer: Tokenizer;
  /** Size of the model's vocabulary. */
  readonly vocabSize: number;
  /** How the prompt is encoded. */
  readonly prompts?: SpecialOptions;
}

/**
 * Throws RangeError if the tokenizer cannot encode the prompt, if one of the prompt's tokens is not in the
 * model's vocabulary, or if the prompt is empty and there is no token to start from.
 */
export function checkPrompt(
  { prompt, option, tokenizer, vocabSize, prompts = PROMPT_OPTIONS }: PromptCheck,
): void {
  const from = `Cannot start from ${option} ${JSON.stringify(prompt)}`;
  let ids: Iterable<number>;
  try {
    ids = promptIds(tokenizer, prompt, prompts);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    if (prompt === "") {
      throw new RangeError(
        `Cannot start without a prompt: the tokenizer has no end of text: give ${option} TEXT`,
        { cause },
      );
    }
    const why = cause instanceof DisallowedTokenError
      ? `it has ${cause.where}: give --special-in-prompt all or the token's text to read it as this token, or ` +
        `--special-in-prompt none to read it as plain text`
      : cause.message;
    throw new RangeError(`${from}: ${why}`, { cause });
  }
  for (const id of ids) {
    if (id < vocabSize) continue;
    throw new RangeError(
      `${from}: its token ${id} is not in the model's vocabulary of ` +
        `${vocabSize}: give the tokenizer that the model was trained with`,
    );
  }
}
