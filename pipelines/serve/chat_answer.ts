/**
 * Answers of POST /v1/chat/completions.
 *
 * @module
 */
import type { AnswerPart } from "../../stages/answer/answer_reader.ts";
import type { Part } from "../../stages/chat/conversation.ts";
import type { ChatRequest } from "./chat_fields.ts";
import { type ChoiceEvent } from "./choices.ts";
import { type Envelope, envelope, finishReason, Usage } from "./envelope.ts";
import { chatLogprobs } from "./logprobs.ts";
import type { ServedModel } from "./served_model.ts";

type ChatLogprobs = ReturnType<typeof chatLogprobs>;

/** One message of an answer while it is collected. */
class CollectedMessage {
  readonly #tokenizer: ServedModel["tokenizer"];
  readonly #logprobs: ChatLogprobs[number][] = [];
  readonly #parts: Part[] = [];
  readonly #calls: object[] = [];
  #text = "";
  #thought = "";

  constructor(tokenizer: ServedModel["tokenizer"]) {
    this.#tokenizer = tokenizer;
  }

  add(part: AnswerPart): void {
    if (part.type === "call") {
      this.#calls.push(toolCall(part));
      return;
    }
    if (part.type === "thought") this.#thought += part.text;
    else {
      this.#parts.push(partOf(part));
      if (part.type !== "text") return;
      this.#text += part.text;
      this.#logprobs.push(...chatLogprobs(part.tokens, this.#tokenizer));
    }
  }

  get logprobs(): ChatLogprobs {
    return this.#logprobs;
  }

  get json(): object {
    const isBlank = this.#text.trim() === "" && this.#calls.length > 0;
    return {
      role: "assistant",
      content: isBlank ? null : this.#text,
      refusal: null,
      ...(this.#thought !== "" && { reasoning_content: this.#thought }),
      ...(this.#calls.length > 0 && { tool_calls: this.#calls }),
      ...(this.#parts.some(({ type }) => type !== "text") && { parts: joined(this.#parts) }),
    };
  }
}

/** Returns the whole answer. */
export async function chatAnswer(
  model: ServedModel,
  { choices, promptTokens, logprobs }: ChatRequest,
  events: AsyncIterable<ChoiceEvent>,
): Promise<object> {
  const messages = choices.map(() => new CollectedMessage(model.tokenizer)), usage = new Usage(promptTokens);
  const reasons: string[] = [];
  for await (const { index, part } of events) {
    if (part.type !== "end") messages[index].add(part);
    else {
      reasons[index] = finishReason(part.end);
      usage.add(part, index === 0);
    }
  }
  return {
    ...envelope(model, "chatcmpl", "chat.completion"),
    choices: messages.map((message, index) => ({
      index,
      message: message.json,
      logprobs: logprobs ? { content: message.logprobs, refusal: null } : null,
      finish_reason: reasons[index],
    })),
    usage: usage.json,
  };
}

/** Yields the chunks of the answer. */
export async function* chatChunks(
  model: ServedModel,
  { choices, promptTokens, logprobs, includeUsage }: ChatRequest,
  events: AsyncIterable<ChoiceEvent>,
): AsyncGenerator<object, void, undefined> {
  const head: Envelope = envelope(model, "chatcmpl", "chat.completion.chunk"),
    usage = new Usage(promptTokens);
  const calls = choices.map(() => 0), rest = includeUsage ? { usage: null } : {};
  const chunk = (index: number, delta: object, tokens: ChatLogprobs = [], reason: string | null = null) => ({
    ...head,
    choices: [{
      index,
      delta,
      logprobs: logprobs && tokens.length > 0 ? { content: tokens, refusal: null } : null,
      finish_reason: reason,
    }],
    ...rest,
  });
  for (const index of choices.keys()) yield chunk(index, { role: "assistant", content: "", refusal: null });
  for await (const { index, part } of events) {
    switch (part.type) {
      case "text":
        yield chunk(
          index,
          { content: part.text },
          logprobs ? chatLogprobs(part.tokens, model.tokenizer) : [],
        );
        break;
      case "thought":
        yield chunk(index, { reasoning_content: part.text });
        break;
      case "call":
        yield chunk(index, { tool_calls: [{ index: calls[index]++, ...toolCall(part) }] });
        break;
      case "code":
      case "output":
        yield chunk(index, { parts: [partOf(part)] });
        break;
      case "end":
        usage.add(part, index === 0);
        yield chunk(index, {}, [], finishReason(part.end));
    }
  }
  if (includeUsage) yield { ...head, choices: [], usage: usage.json };
}

function toolCall({ call }: AnswerPart & { readonly type: "call" }) {
  const id = `call_${crypto.getRandomValues(new Uint8Array(12)).toHex()}`;
  return { id, type: "function", function: { name: call.name, arguments: call.arguments } };
}

/** Returns a part in the form in which a message's content may have it. */
function partOf({ type, text }: Exclude<AnswerPart, { type: "call" }>): Part {
  return { type: type === "code" ? "python" : type === "output" ? "python_output" : "text", text };
}

/** Joins texts that follow each other. */
function joined(parts: readonly Part[]): readonly Part[] {
  const all: Part[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (last?.type !== "text" || part.type !== "text") all.push(part);
    else all[all.length - 1] = { type: "text", text: last.text + part.text };
  }
  return all;
}
