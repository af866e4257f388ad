/**
 * Reads the body of a completion request.
 *
 * @module
 */
import type { AnswerOptions } from "../../stages/answer/generate_answer.ts";
import { promptIds } from "../../stages/sample/prompt_ids.ts";
import { textEnds } from "../../stages/token/end_of_text.ts";
import { ApiError } from "./api_error.ts";
import { checkPrompt } from "./check_prompt.ts";
import type { Fields } from "./fields.ts";
import type { EchoedToken } from "./logprobs.ts";
import { ignoredFields, type SamplingFields, samplingFields, sharedFields } from "./sampling_fields.ts";
import type { ServedModel } from "./served_model.ts";

/** A completion request. */
export interface CompletionRequest extends SamplingFields {
  readonly choices: readonly AnswerOptions[];
  readonly promptTokens: number;
  /** Text that each choice begins with: the prompt with `echo`, otherwise none. */
  readonly echoes: readonly string[];
  /** Tokens that each choice begins with, if their log probabilities are wanted; otherwise none. */
  readonly echoed: readonly EchoedToken[][];
  /** Number of alternatives beside each token; null: no log probabilities. */
  readonly logprobs: number | null;
}

/** Names of the fields that only completion requests have, and that are honoured. */
export const completionOnlyFields: readonly string[] = ["prompt", "echo", "best_of"];

/** Most prompts of a request. */
const MOST_PROMPTS = 128;
/** Default largest number of tokens, as in OpenAI's API. */
const DEFAULT_TOKENS = 16;

/** Reads a request. Throws ApiError for a wrong field. */
export function completionRequest(fields: Fields, model: ServedModel): CompletionRequest {
  const { tokenizer, context } = model;
  fields.only([...sharedFields, ...ignoredFields, ...completionOnlyFields, "suffix"]);
  fields.refuse("suffix", "the model continues texts, and does not fill gaps", (value) => value === "");
  const shared = samplingFields(fields, { vocabSize: tokenizer.vocabSize });
  fields.refuse("best_of", "only the value of n is", (value) => value === shared.n);
  const logprobs = fields.integer("logprobs", { min: 0, max: 20 }) ?? null, echo = fields.boolean("echo");
  const prompts = promptsOf(fields, model);
  for (const prompt of prompts) checkPrompt(prompt, { context, param: "prompt" });
  const isOrdinary = (id: number) => !tokenizer.isSpecialToken(id), isScored = echo && logprobs !== null;
  const echoed = prompts.flatMap((prompt) =>
    Array.from(
      { length: shared.n },
      (): EchoedToken[] => isScored && isOrdinary(prompt[0]) ? [{ id: prompt[0], logp: null }] : [],
    )
  );
  const maxTokens = fields.integer("max_tokens", { min: echo ? 0 : 1, max: 2 ** 31 }) ?? DEFAULT_TOKENS;
  return {
    ...shared,
    logprobs,
    echoed,
    promptTokens: prompts.reduce((sum, { length }) => sum + length, 0),
    echoes: prompts.flatMap((prompt) =>
      Array<string>(shared.n).fill(echo ? tokenizer.decode([...prompt].filter(isOrdinary)) : "")
    ),
    choices: prompts.flatMap((prompt, at) =>
      Array.from({ length: shared.n }, (_, i): AnswerOptions => ({
        tokenizer,
        isChat: false,
        after: [...prompt].filter(isOrdinary),
        stop: shared.stop,
        request: {
          prompt: isScored ? prompt.subarray(0, 1) : prompt,
          ...(isScored && { scored: prompt.subarray(1) }),
          key: `choice.${at}.${i}`,
        },
        onScored: (token) => {
          if (isOrdinary(token.id)) echoed[at * shared.n + i].push(token);
        },
        sampling: {
          ...shared.sampling,
          ends: new Set([...textEnds(tokenizer), ...shared.stopIds]),
          maxTokens,
          maxLength: context,
          seed: shared.seed,
          alternatives: logprobs ?? 0,
          scoredAt: 1,
        },
      }))
    ),
  };
}

/** Returns the prompts: of a text, a list of texts, a list of token ids, or a list of such lists. */
function promptsOf(fields: Fields, { tokenizer }: ServedModel): readonly Uint32Array[] {
  const given = fields.get("prompt");
  const isIds = (value: unknown): value is number[] =>
    Array.isArray(value) && value.length > 0 &&
    value.every((id) => Number.isInteger(id) && id >= 0 && id < tokenizer.vocabSize);
  if (isIds(given)) return [Uint32Array.from(given)];
  const list: unknown = typeof given === "string" ? [given] : given;
  if (Array.isArray(list) && list.length > 0 && list.length <= MOST_PROMPTS) {
    if (list.every((item) => typeof item === "string")) return list.map((text) => encoded(tokenizer, text));
    if (list.every(isIds)) return list.map((ids) => Uint32Array.from(ids));
  }
  throw fields.error(
    "prompt",
    `a text, a list of at most ${MOST_PROMPTS} texts, or of token ids below ${tokenizer.vocabSize}, or of lists of ids`,
  );
}

function encoded(tokenizer: ServedModel["tokenizer"], text: string): Uint32Array {
  try {
    return Uint32Array.from(promptIds(tokenizer, text));
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ApiError(400, cause.message, { param: "prompt", cause });
  }
}
