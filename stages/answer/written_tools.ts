/**
 * Tools that clients run: reads their calls from the text of an answer, and writes tools and calls as text
 * for models whose chat template has no form for them: the form of Hermes, which ChatML models learn.
 *
 * @module
 */
import { isRecord, type Json } from "../disk/json.ts";
import { contentText, type Conversation, type Message, type ToolCall } from "../chat/conversation.ts";
import { readCalls } from "../tool/call_text.ts";
import { CALL } from "./tagged_text.ts";

/** A call that a client runs. */
export interface ClientCall {
  /** Name of the tool. */
  readonly name: string;
  /** The arguments: the JSON of an object. */
  readonly arguments: string;
}

/**
 * Returns the calls in the text between two tags. Returns null if it holds none, or one that has no object of
 * arguments, or whose name is not in `names`.
 */
export function clientCalls(text: string, names: ReadonlySet<string>): readonly ClientCall[] | null {
  const calls: ClientCall[] = [];
  for (const { name, arguments: given } of readCalls(text)) {
    const json = typeof given === "string" ? given : JSON.stringify(given);
    if (!names.has(name) || !isRecord(parsedJson(json))) return null;
    calls.push({ name, arguments: json });
  }
  return calls.length > 0 ? calls : null;
}

/** Returns the messages with arguments as objects, as templates expect them. */
export function withObjectArguments(messages: readonly Message[]): readonly Message[] {
  return messages.map((message) =>
    message.toolCalls === undefined ? message : { ...message, toolCalls: message.toolCalls.map(parsed) }
  );
}

function parsed(call: ToolCall): ToolCall {
  const json = typeof call.arguments === "string" ? parsedJson(call.arguments) : undefined;
  return isRecord(json) ? { ...call, arguments: json } : call;
}

/** Returns the value of a JSON text; undefined if it is none. */
function parsedJson(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Returns a conversation in which tools, calls and results are text: the tools in the system message, calls
 * in the assistant's messages, and results in messages of the user.
 */
export function withWrittenTools(
  { messages, tools, ...rest }: Pick<Conversation, "id" | "messages" | "tools">,
): Pick<Conversation, "id" | "messages"> {
  const [first, ...others] = messages, hasSystem = first?.role === "system";
  const written = (hasSystem ? others : messages).map(textMessage);
  if (tools === undefined || tools.length === 0) {
    return { ...rest, messages: hasSystem ? [first, ...written] : written };
  }
  const instructions =
    `# Tools\n\nYou may call one or more functions to answer. Their signatures are in <tools></tools>:\n<tools>\n${
      tools.map((tool) => JSON.stringify(tool)).join("\n")
    }\n</tools>\n\nFor each call, return a JSON object with the name and the arguments in ${CALL[0]}${
      CALL[1]
    }:\n${CALL[0]}\n{"name": NAME, "arguments": ARGUMENTS}\n${CALL[1]}`;
  const content = hasSystem ? `${contentText(first)}\n\n${instructions}` : instructions;
  return { ...rest, messages: [{ role: "system", content }, ...written] };
}

function textMessage(message: Message): Message {
  const { role, content, toolCalls = [] } = message;
  if (role === "tool") {
    return { role: "user", content: `<tool_response>\n${contentText(message)}\n</tool_response>` };
  }
  if (toolCalls.length === 0) return message;
  const calls = toolCalls.map(({ name, arguments: given }) =>
    `${CALL[0]}\n${JSON.stringify({ name, arguments: given })}\n${CALL[1]}`
  );
  return { role, content: [contentText({ content }), ...calls].filter((text) => text !== "").join("\n") };
}
