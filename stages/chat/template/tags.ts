/**
 * Tags that models write as text although tokenizers have tokens for them.
 *
 * @module
 */

/** Returns whether a text is a tag around thoughts, tools, calls of tools or their results. */
export function isTag(text: string): boolean {
  return /^<\/?(think|tool_call|tool_response|tools)>$/.test(text);
}
