/**
 * Whether a prompt fits into the context.
 *
 * @module
 */
import { ApiError } from "./api_error.ts";

/** Throws ApiError for a prompt that leaves no room for an answer, and for one without tokens. */
export function checkPrompt(
  prompt: Uint32Array,
  { context, param }: { readonly context: number; readonly param: string },
): void {
  if (prompt.length === 0) throw new ApiError(400, "The prompt is empty", { param });
  if (prompt.length < context) return;
  throw new ApiError(
    400,
    `This model's maximum context length is ${context} tokens, and the prompt has ${prompt.length}: shorten it, or start the server with a larger --context`,
    { param, code: "context_length_exceeded" },
  );
}
