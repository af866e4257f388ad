/**
 * Tools that a model may call.
 *
 * @module
 */

/** What a call gave: the text that the model reads, or why it failed. */
export type ToolResult = { readonly output: string } | { readonly error: string };

/** A tool. */
export interface Tool {
  /** Name of the tool. */
  readonly name: string;
  /** Runs a call. It does not throw: a failure is a result that the model reads. */
  run(code: string): ToolResult | Promise<ToolResult>;
}

/** Returns the text of a result that is shown to the model, cut to `limit` characters. */
export function resultText(result: ToolResult, limit = 200): string {
  const text = "output" in result ? result.output : `error: ${result.error}`;
  return text.length > limit ? `${text.slice(0, limit).toWellFormed()}…` : text;
}
