/**
 * The tools that the server runs: which of them a request may use, what they remember, and their calls in the
 * messages of a conversation.
 *
 * @module
 */
import type { Message, Part } from "../../stages/chat/conversation.ts";
import { namedCall } from "../../stages/tool/tool_calls.ts";
import type { Toolbox } from "../../stages/tool/toolbox.ts";
import { fieldError } from "./api_error.ts";
import type { Fields } from "./fields.ts";
import type { ServedModel } from "./served_model.ts";

/** Most facts of a request, and most names of tools. */
const MOST_FACTS = 100, MOST_NAMES = 16;

/**
 * Reads which of the server's tools a request may use (`server_tools`; absent: all), and the facts that the
 * tool `memory` begins with (`memory`; absent: those of the server). The server keeps no facts of requests:
 * whoever sends them keeps them. Null: no tools. Throws ApiError for a wrong value.
 */
export function serverTools(fields: Fields, { toolbox }: Pick<ServedModel, "toolbox">): Toolbox | null {
  const known = new Set(toolbox?.tools.map(({ name }) => name));
  const names = texts(fields, "server_tools", MOST_NAMES), facts = texts(fields, "memory", MOST_FACTS);
  const unknown = names?.find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw fields.error(
      "server_tools",
      `names of the server's tools: ${[...known].join(", ") || "it has none"}`,
    );
  }
  if (toolbox === null || names === null && facts === null) return toolbox;
  try {
    return toolbox.only(new Set(names ?? known), facts);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw fieldError("memory", cause.message);
  }
}

function texts(fields: Fields, name: string, most: number): readonly string[] | null {
  const list = fields.list(name, most);
  if (list === undefined) return null;
  if (list.every((item) => typeof item === "string")) return list;
  throw fields.error(name, "a list of texts");
}

/**
 * Returns messages in which the code of an answer's `parts` is a call with its result, as templates with tags
 * write them. Templates with code take the parts themselves.
 */
export function withCalls(
  messages: readonly Message[],
  { template, toolbox }: Pick<ServedModel, "template" | "toolbox">,
): readonly Message[] {
  if (template?.calls === "code") return messages;
  return messages.flatMap((message) => {
    const { content } = message;
    if (typeof content === "string" || content.every(({ type }) => type === "text")) return [message];
    return callMessages(message, { content, toolbox });
  });
}

function callMessages(
  { reasoning, ...message }: Message,
  { content, toolbox }: { readonly content: readonly Part[]; readonly toolbox: Toolbox | null },
): readonly Message[] {
  const all: Message[] = [];
  let text = "";
  for (const part of content) {
    const call = part.type === "python" ? namedCall(part.text) : null;
    if (call !== null) {
      const argument = toolbox?.tools.find(({ name }) => name === call.name)?.argument ?? "input";
      const toolCalls = [{ name: call.name, arguments: { [argument]: call.input } }];
      all.push({ ...message, content: text, toolCalls });
      text = "";
    } else if (part.type === "python_output") all.push({ role: "tool", content: part.text });
    else text += part.text;
  }
  if (text !== "" || all.length === 0) all.push({ ...message, content: text });
  return reasoning === undefined ? all : [{ ...all[0], reasoning }, ...all.slice(1)];
}
