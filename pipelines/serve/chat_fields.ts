/**
 * Reads the body of a chat request.
 *
 * @module
 */
import { withObjectArguments, withWrittenTools } from "../../stages/answer/written_tools.ts";
import type { AnswerOptions } from "../../stages/answer/generate_answer.ts";
import { beginsThought, CALL } from "../../stages/answer/tagged_text.ts";
import type { Message } from "../../stages/chat/conversation.ts";
import { messagesOf } from "../../stages/chat/read/messages.ts";
import { RecordFault } from "../../stages/chat/read/record_fault.ts";
import { nanochatIds } from "../../stages/chat/template/nanochat.ts";
import type { ChatTemplate } from "../../stages/chat/template/template.ts";
import type { Toolbox } from "../../stages/tool/toolbox.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import { ApiError, fieldError } from "./api_error.ts";
import { checkPrompt } from "./check_prompt.ts";
import { Fields } from "./fields.ts";
import { answerForm, constraintsOf } from "./forms.ts";
import { ignoredFields, type SamplingFields, samplingFields, sharedFields } from "./sampling_fields.ts";
import type { ServedModel } from "./served_model.ts";
import { serverTools, withCalls } from "./server_tools.ts";
import { callOfCode, type ToolFields, toolFields } from "./tool_fields.ts";

/** A chat request. */
export interface ChatRequest extends SamplingFields {
  readonly choices: readonly AnswerOptions[];
  readonly promptTokens: number;
  /** Whether log probabilities are wanted. */
  readonly logprobs: boolean;
}

/** Names of the fields that only chat requests have, and that are honoured. */
export const chatOnlyFields: readonly string[] = [
  "messages",
  "max_completion_tokens",
  "top_logprobs",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "response_format",
  "modalities",
  "reasoning_effort",
  "chat_template_kwargs",
  "server_tools",
  "memory",
];

/** Names of fields that are refused, and why. */
export const refusedChatFields: Readonly<Record<string, string>> = {
  functions: "give tools",
  function_call: "give tool_choice",
  audio: "the model has no audio",
  web_search_options: "the server does not search",
  moderation: "the server does not moderate",
};

/** Most messages of a conversation. */
const MOST_MESSAGES = 2000;

/** Reads a request. Throws ApiError for a wrong field, and for a model without a chat template. */
export function chatRequest(fields: Fields, model: ServedModel): ChatRequest {
  const { tokenizer, context, template } = model;
  fields.only([...sharedFields, ...ignoredFields, ...chatOnlyFields, ...Object.keys(refusedChatFields)]);
  for (const [name, why] of Object.entries(refusedChatFields)) fields.refuse(name, why);
  fields.refuse("modalities", 'only ["text"] is', (value) => JSON.stringify(value) === '["text"]');
  if (template === null) throw new ApiError(400, model.noTemplate, { code: "no_chat_template" });
  const shared = samplingFields(fields, { vocabSize: tokenizer.vocabSize });
  const [maxTokens] = ["max_completion_tokens", "max_tokens"]
    .map((name) => fields.integer(name, { min: 1, max: 2 ** 31 })).filter((most) => most !== undefined);
  const logprobs = fields.boolean("logprobs"), top = fields.integer("top_logprobs", { min: 0, max: 20 }) ?? 0;
  if (top > 0 && !logprobs) throw fields.error("top_logprobs", "none without logprobs: true");
  const tools = toolFields(fields), thinks = thinksOf(fields);
  const form = answerForm(fields, tools), own = serverTools(fields, model);
  const isOwn = tools.tools.length === 0 && fields.get("tool_choice") !== "none" && form === null;
  const toolbox = isOwn ? own : null;
  const { prompt, begun, inCode } = promptOf(withCalls(messagesIn(fields), model), {
    tools,
    toolbox,
    thinks,
    template,
    tokenizer,
  });
  checkPrompt(prompt, { context, param: "messages" });
  const isTagged = template.calls !== "code", inThought = begun === "" && beginsThought(tokenizer, prompt);
  const ends = new Set([...template.ends, ...shared.stopIds]);
  const constraintOf = constraintsOf(form, {
    tools,
    toolbox,
    template,
    tokenizer,
    ends,
    begun,
    inThought,
    inCode,
  });
  const choice: Omit<AnswerOptions, "request"> = {
    tokenizer,
    isChat: true,
    stop: shared.stop,
    tools: new Set(isTagged ? (toolbox ?? tools).tools.map(({ name }) => name) : []),
    maxCalls: isTagged ? tools.maxCalls : 1,
    inThought,
    begun,
    inCode,
    ...(!isTagged && { code: nanochatIds(tokenizer) }),
    ...(!isTagged && tools.tools.length > 0 && { callOf: (code) => callOfCode(tools.tools, code) }),
    sampling: {
      ...shared.sampling,
      ends,
      maxTokens: maxTokens ?? context,
      maxLength: context,
      seed: shared.seed,
      alternatives: top,
      scoredAt: 1,
    },
  };
  return {
    ...shared,
    promptTokens: prompt.length,
    logprobs,
    choices: Array.from({ length: shared.n }, (_, i) => {
      const request = { prompt, key: `choice.${i}` }, constraint = constraintOf();
      return {
        ...choice,
        toolHand: toolbox?.hand() ?? null,
        request: constraint === null ? request : { ...request, constraint },
      };
    }),
  };
}

/** Returns the prompt, and the text or code with which it begins an answer that must be a call. */
function promptOf(
  given: readonly Message[],
  { tools: { tools, must }, toolbox, thinks, template, tokenizer }: {
    readonly tools: ToolFields;
    readonly toolbox: Toolbox | null;
    readonly thinks: boolean | undefined;
    readonly template: ChatTemplate;
    readonly tokenizer: Tokenizer;
  },
): { readonly prompt: Uint32Array; readonly begun: string; readonly inCode: boolean } {
  const isCode = template.calls === "code";
  const messages = isCode ? given.map(({ reasoning: _, ...message }) => message) : withObjectArguments(given);
  const conversation = {
    id: "of the request",
    messages,
    ...(tools.length > 0 && !isCode && { tools: tools.map(({ json }) => json) }),
  };
  let prompt: Uint32Array;
  try {
    const written = template.calls === null ? withWrittenTools(conversation) : conversation;
    prompt = template.prompt(toolbox?.announce(written) ?? written, { thinks });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new ApiError(400, cause.message, { param: "messages", cause });
  }
  if (must === null) return { prompt, begun: "", inCode: false };
  if (isCode) {
    const [start] = nanochatIds(tokenizer).python;
    return { prompt: Uint32Array.of(...prompt, start), begun: "", inCode: true };
  }
  const begun = must === "required"
    ? `${CALL[0]}\n{"name": "`
    : `${CALL[0]}\n{"name": ${JSON.stringify(must.name)}, "arguments": `;
  return {
    prompt: Uint32Array.of(...prompt, ...tokenizer.encode(begun, { allowedSpecial: "all" })),
    begun,
    inCode: false,
  };
}

/** Reads the messages. Throws ApiError for wrong ones. */
export function messagesIn(fields: Fields): readonly Message[] {
  const list = fields.list("messages", MOST_MESSAGES);
  if (list === undefined || list.length === 0) throw fields.error("messages", "a list of messages");
  try {
    return messagesOf(list, "messages");
  } catch (cause) {
    if (!(cause instanceof RecordFault)) throw cause;
    throw fieldError(cause.message.split(" ", 1)[0], cause.message);
  }
}

/** Returns whether the request asks for an answer with or without thoughts; undefined: it does not say. */
function thinksOf(fields: Fields): boolean | undefined {
  const effort = fields.text("reasoning_effort"), own = fields.object("chat_template_kwargs");
  const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
  if (effort !== undefined && !efforts.includes(effort)) {
    throw fields.error("reasoning_effort", `one of ${efforts.join(", ")}`);
  }
  own?.only(["enable_thinking"]);
  if (own?.get("enable_thinking") !== undefined) return own.boolean("enable_thinking");
  return effort === "none" ? false : undefined;
}
