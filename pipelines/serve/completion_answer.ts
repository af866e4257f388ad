/**
 * Answers of POST /v1/completions.
 *
 * @module
 */
import type { GeneratedToken } from "../../stages/sample/token_text.ts";
import type { ChoiceEvent } from "./choices.ts";
import type { CompletionRequest } from "./completion_fields.ts";
import { envelope, finishReason, Usage } from "./envelope.ts";
import { completionLogprobs, type EchoedToken } from "./logprobs.ts";
import type { ServedModel } from "./served_model.ts";

/** Returns the whole answer. */
export async function completionAnswer(
  model: ServedModel,
  { choices, echoes, echoed, promptTokens, logprobs, n }: CompletionRequest,
  events: AsyncIterable<ChoiceEvent>,
): Promise<object> {
  const texts = [...echoes], reasons: string[] = [], usage = new Usage(promptTokens);
  const tokens = choices.map((): GeneratedToken[] => []);
  for await (const { index, part } of events) {
    if (part.type === "text") {
      texts[index] += part.text;
      tokens[index].push(...part.tokens);
    } else if (part.type === "end") {
      reasons[index] = finishReason(part.end);
      usage.add(part, index % n === 0);
    }
  }
  const { tokenizer } = model;
  return {
    ...envelope(model, "cmpl", "text_completion"),
    choices: texts.map((text, index) => ({
      text,
      index,
      logprobs: logprobs === null
        ? null
        : completionLogprobs([...echoed[index], ...tokens[index]], { tokenizer, offset: 0, top: logprobs }),
      finish_reason: reasons[index],
    })),
    usage: usage.json,
  };
}

/** Yields the chunks of the answer. */
export async function* completionChunks(
  model: ServedModel,
  { echoes, echoed, promptTokens, logprobs, n, includeUsage }: CompletionRequest,
  events: AsyncIterable<ChoiceEvent>,
): AsyncGenerator<object, void, undefined> {
  const head = envelope(model, "cmpl", "text_completion"), usage = new Usage(promptTokens);
  const offsets = echoes.map(() => 0), rest = includeUsage ? { usage: null } : {};
  const chunk = (index: number, text: string, others: object = {}) => ({
    ...head,
    choices: [{ text, index, logprobs: null, finish_reason: null, ...others }],
    ...rest,
  });
  const scores = (tokens: readonly EchoedToken[], offset: number) =>
    logprobs === null ? {} : {
      logprobs: completionLogprobs(tokens, { tokenizer: model.tokenizer, offset, top: logprobs }),
    };
  const begun = new Set<number>();
  for await (const { index, part } of events) {
    if (!begun.has(index) && echoes[index] !== "") {
      yield chunk(index, echoes[index], scores(echoed[index], 0));
    }
    if (!begun.has(index)) offsets[index] = echoes[index].length;
    begun.add(index);
    if (part.type === "text") {
      const offset = offsets[index];
      offsets[index] += part.text.length;
      yield chunk(index, part.text, scores(part.tokens, offset));
    } else if (part.type === "end") {
      usage.add(part, index % n === 0);
      yield chunk(index, "", { finish_reason: finishReason(part.end) });
    }
  }
  if (includeUsage) yield { ...head, choices: [], usage: usage.json };
}
