/**
 * Reads lists of messages: OpenAI's form, which Hugging Face's chat templates take too, and ShareGPT's.
 *
 * @module
 */
import { isRecord } from "../../disk/json.ts";
import type { MetadataValue } from "../../items.ts";
import type { Message, Part, Role, ToolCall } from "../conversation.ts";
import { fieldFault } from "./record_fault.ts";

/** Names of the roles, with those that other formats have for them. */
const roles: ReadonlyMap<string, Role> = new Map(Object.entries({
  system: "system",
  developer: "system",
  user: "user",
  human: "user",
  assistant: "assistant",
  gpt: "assistant",
  bing: "assistant",
  chatgpt: "assistant",
  model: "assistant",
  function_call: "assistant",
  tool: "tool",
  function: "tool",
  observation: "tool",
  ipython: "tool",
}));

/** Types of parts, with the names that other formats have for them. */
const partTypes: ReadonlyMap<string, Part["type"]> = new Map(Object.entries({
  text: "text",
  python: "python",
  code: "python",
  python_output: "python_output",
}));

/**
 * Reads a list of messages `{role, content}`, or of ShareGPT's `{from, value}`. Throws RecordFault that names
 * the message and the field; `where` names the list.
 */
export function messagesOf(list: unknown, where: string): readonly Message[] {
  if (!Array.isArray(list) || list.length === 0) throw fieldFault(where, list, "a list of messages");
  return list.map((message, i) => messageOf(message, `${where}[${i}]`));
}

function messageOf(message: unknown, where: string): Message {
  if (!isRecord(message)) throw fieldFault(where, message, "an object with role and content");
  const isShareGpt = message.role === undefined && message.from !== undefined;
  const [roleKey, contentKey] = isShareGpt ? ["from", "value"] : ["role", "content"];
  const name = message[roleKey], role = typeof name === "string" ? roles.get(name) : undefined;
  if (role === undefined) {
    throw fieldFault(`${where}.${roleKey}`, name, "system, user, assistant or tool");
  }
  if (isShareGpt && name === "function_call") {
    return { role, content: "", toolCalls: [callOf(message.value, `${where}.value`)] };
  }
  const toolCalls = callsOf(message, where), weight = message.weight;
  if (weight !== undefined && weight !== null && weight !== 0 && weight !== 1) {
    throw fieldFault(`${where}.weight`, weight, "0 or 1");
  }
  const reasoning = message.reasoning_content ?? message.reasoning;
  return {
    role,
    content: contentOf(message[contentKey], `${where}.${contentKey}`, toolCalls.length > 0),
    ...(typeof reasoning === "string" && reasoning !== "" && { reasoning }),
    ...(toolCalls.length > 0 && { toolCalls }),
    ...(typeof message.name === "string" && { name: message.name }),
    ...(typeof message.tool_call_id === "string" && { toolCallId: message.tool_call_id }),
    ...(weight === 0 && { weight }),
  };
}

/** Reads a content: a text, or a list of parts. It may be null beside calls of tools. */
function contentOf(content: unknown, where: string, calls: boolean): Message["content"] {
  if (typeof content === "string") return content;
  if (calls && (content === null || content === undefined)) return "";
  if (!Array.isArray(content)) throw fieldFault(where, content, "a text, or a list of parts");
  return content.map((part, i) => {
    const at = `${where}[${i}]`;
    if (typeof part === "string") return { type: "text", text: part };
    const type = isRecord(part) && typeof part.type === "string" ? partTypes.get(part.type) : undefined;
    if (!isRecord(part) || type === undefined) {
      throw fieldFault(
        at,
        part,
        `a part of type ${[...partTypes.keys()].join(", ")}: others cannot be read`,
      );
    }
    if (typeof part.text !== "string") throw fieldFault(`${at}.text`, part.text, "a text");
    return { type, text: part.text };
  });
}

function callsOf(message: Readonly<Record<string, unknown>>, where: string): readonly ToolCall[] {
  const { tool_calls, function_call } = message;
  if (isRecord(function_call)) return [callOf(function_call, `${where}.function_call`)];
  if (tool_calls === undefined || tool_calls === null) return [];
  if (!Array.isArray(tool_calls)) throw fieldFault(`${where}.tool_calls`, tool_calls, "a list of calls");
  return tool_calls.map((call, i) => callOf(call, `${where}.tool_calls[${i}]`));
}

function callOf(given: unknown, where: string): ToolCall {
  let call: unknown = given;
  if (typeof given === "string") {
    try {
      call = JSON.parse(given);
    } catch {
      throw fieldFault(where, given, "the JSON text of a call {name, arguments}");
    }
  }
  const inner = isRecord(call) && isRecord(call.function) ? call.function : call;
  if (!isRecord(inner) || typeof inner.name !== "string") {
    throw fieldFault(where, given, "a call {name, arguments}");
  }
  const { name } = inner, id = isRecord(call) ? call.id : undefined;
  return {
    name,
    arguments: (inner.arguments ?? inner.parameters ?? {}) as MetadataValue,
    ...(typeof id === "string" && { id }),
  };
}
