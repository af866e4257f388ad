/**
 * Tools that a model may call.
 *
 * @module
 */
import type { MetadataValue } from "../items.ts";

/** What a call gave: the text that the model reads, or why it failed. */
export type ToolResult = { readonly output: string } | { readonly error: string };

/** A tool. Its calls have one argument, a text. */
export interface Tool {
  /** Name of the tool. */
  readonly name: string;
  /** What the tool does, in a sentence that the model reads. */
  readonly about: string;
  /** Name of the argument. */
  readonly argument: string;
  /** Whether code that names no tool is for this one. Default false. */
  readonly takesCode?: boolean;
  /** Longest result in characters that the model reads. Default 200. */
  readonly limit?: number;
  /** Returns the texts that results come from, for tools that know any. */
  texts?(): Iterable<string>;
  /** Returns the tool for one answer, for tools that remember; absent: all answers share the tool. */
  forAnswer?(): Tool;
  /** Runs a call. It does not throw: a failure is a result that the model reads. */
  run(input: string): ToolResult | Promise<ToolResult>;
  /** Frees what the tool holds. */
  [Symbol.dispose]?(): void;
}

/** Returns the text of a result that is shown to the model, cut to `limit` characters. */
export function resultText(result: ToolResult, limit = 200): string {
  const text = "output" in result ? result.output : `error: ${result.error}`;
  return text.length > limit ? `${text.slice(0, limit).toWellFormed()}…` : text;
}

/** Returns the JSON schema of a tool's arguments. */
export function parametersOf({ argument }: Pick<Tool, "argument">): MetadataValue {
  return { type: "object", properties: { [argument]: { type: "string" } }, required: [argument] };
}

/** Returns a tool as OpenAI's API and chat templates have it. */
export function schemaOf(tool: Tool): MetadataValue {
  const { name, about } = tool;
  return { type: "function", function: { name, description: about, parameters: parametersOf(tool) } };
}
