/**
 * Calls of tools in nanochat's form: code that the assistant writes, and its output, in one turn.
 *
 * @module
 */
import { isRecord } from "../../disk/json.ts";
import { contentText, type Message, type Part, type ToolCall } from "../conversation.ts";

/** Returns the parts that a message consists of. */
function partsOf({ content }: Message): readonly Part[] {
  if (typeof content !== "string") return content;
  return content === "" ? [] : [{ type: "text", text: content }];
}

/** Returns the code of a call: its only argument if that is a text, otherwise all arguments as JSON. */
export function codeOf({ arguments: given }: Pick<ToolCall, "arguments">): string {
  if (typeof given === "string") return given;
  const values = isRecord(given) ? Object.values(given) : [];
  return values.length === 1 && typeof values[0] === "string" ? values[0] : JSON.stringify(given);
}

/**
 * Returns messages in which calls and the messages of tools are parts of the assistant's messages, and an
 * assistant's message after a tool's belongs to the same turn.
 */
export function withCode(messages: readonly Message[]): readonly Message[] {
  const all: Message[] = [];
  let code: string[] = [], isOpen = false; // calls without output so far, and whether the turn goes on
  const add = (...parts: readonly Part[]): void => {
    const last = all.at(-1);
    if (last !== undefined) all[all.length - 1] = { ...last, content: [...partsOf(last), ...parts] };
  };
  const addCode = (count: number): void =>
    add(...code.splice(0, count).map((text) => ({ type: "python", text } as const)));
  for (const { toolCalls = [], ...message } of messages) {
    if (message.role === "tool" && all.at(-1)?.role === "assistant") {
      addCode(1);
      add({ type: "python_output", text: contentText(message) });
      isOpen = true;
      continue;
    }
    addCode(Infinity);
    if (isOpen && message.role === "assistant") add(...partsOf(message));
    else all.push(message);
    isOpen = false;
    code = toolCalls.map(codeOf);
  }
  addCode(Infinity);
  return all;
}
