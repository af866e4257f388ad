/**
 * The text that is printed for an error.
 *
 * @module
 */
import { explained, isSystemError, isWrongPath } from "../../stages/disk/file_error.ts";
import { painter } from "../../stages/report/terminal_text.ts";
import { UsageError } from "../../stages/run/usage_error.ts";

/**
 * Returns the text printed for an error: its message, the messages of those causes that add information, and
 * a hint. With `trace`, the stack is printed as well.
 */
export function errorText(
  error: unknown,
  { trace, color }: { readonly trace: boolean; readonly color: boolean },
): string {
  const paint = painter(color);
  if (!(error instanceof Error)) return `${paint("red", "error")}: ${String(error)}`;
  const messages: string[] = [];
  for (let at: Error = error, parent: Error | null = null;;) {
    const repeats = parent !== null && isSystemError(at) && isAbout(parent, at);
    const message = messageOf(explained(at));
    if (!repeats && !messages.some((earlier) => earlier.includes(message))) messages.push(message);
    if (!(at.cause instanceof Error)) break;
    [parent, at] = [at, at.cause];
  }
  const stack = trace ? `\n${Deno.inspect(error)}` : "";
  return `${paint("red", "error")}: ${messages.join(": ")}${hintFor(error)}${stack}`;
}

/** Returns whether an error's message already describes the system error that caused it. */
function isAbout(error: Error, cause: Error): boolean {
  const code = (of: Error): unknown => "code" in of ? of.code : null;
  return error instanceof UsageError || error.constructor === cause.constructor ||
    code(error) === code(cause);
}

function messageOf(error: Error): string {
  return error.message === "" ? error.name : error.message;
}

/** Returns what to do about a missing Deno permission; file permissions are handled elsewhere. */
function hintFor(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof Deno.errors.NotCapable && !isWrongPath(at)) {
      return ": this task has no such permission: see the tasks in deno.json";
    }
  }
  return "";
}
