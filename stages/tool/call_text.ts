/**
 * Reads the calls of tools that a model has written as text: the forms of Hermes and Qwen
 * (`<tool_call>{"name": …, "arguments": …}</tool_call>`), Mistral (`[TOOL_CALLS] [{…}]`) and Llama 3
 * (`{"name": …, "parameters": …}`, alone).
 *
 * @module
 */
import { isRecord } from "../disk/json.ts";

/** A call as the model wrote it. */
export interface WrittenCall {
  /** Name of the tool; empty if the call is not readable. */
  readonly name: string;
  /** The arguments; an object, unless the model wrote something else. */
  readonly arguments: unknown;
}

/** Returns the text before the calls in an answer, and the calls. Thoughts are not searched for calls. */
export function callsIn(answer: string): { readonly text: string; readonly calls: readonly WrittenCall[] } {
  const thought = answer.lastIndexOf("</think>"), start = thought < 0 ? 0 : thought + "</think>".length;
  const written = answer.slice(start);
  const blocks = [...written.matchAll(/<tool_call>(.*?)(?:<\/tool_call>|$)/gs)];
  if (blocks.length > 0) {
    return {
      text: answer.slice(0, start + blocks[0].index),
      calls: blocks.flatMap(([, json]) => readCalls(json)),
    };
  }
  const list = written.indexOf("[TOOL_CALLS]");
  if (list >= 0) {
    return {
      text: answer.slice(0, start + list),
      calls: readCalls(written.slice(list + "[TOOL_CALLS]".length)),
    };
  }
  const json = written.trim().replace(/^<\|python_tag\|>/, "");
  const isCall = json.startsWith("{") && json.endsWith("}") && /"name"\s*:/.test(json) &&
    /"(arguments|parameters)"\s*:/.test(json);
  const calls = isCall ? readCalls(json) : [];
  return calls.some(({ name }) => name !== "")
    ? { text: answer.slice(0, start), calls }
    : { text: answer, calls: [] };
}

/**
 * Reads the calls of a JSON text: an object or a list. A call that is not readable has no name.
 */
export function readCalls(json: string): readonly WrittenCall[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return [{ name: "", arguments: json.trim() }];
  }
  return (Array.isArray(value) ? value : [value]).map((call) => {
    const inner = isRecord(call) && isRecord(call.function) ? call.function : call;
    return isRecord(inner) && typeof inner.name === "string"
      ? { name: inner.name, arguments: inner.arguments ?? inner.parameters ?? {} }
      : { name: "", arguments: call };
  });
}
