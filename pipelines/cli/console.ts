/**
 * Standard output and standard error of this process.
 *
 * @module
 */
import { painter } from "../../stages/report/terminal_text.ts";

/** Where a process writes results, progress and errors. */
export interface Console {
  /** Writes a result to standard output. Throws Deno.errors.BrokenPipe once the reader is gone. */
  out(text: string): void;
  /** Writes one line to standard error. */
  err(line: string): void;
  /** Width of the terminal in characters. */
  readonly columns: number;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
}

/** The console of this process. */
export function processConsole(): Console {
  const encoder = new TextEncoder();
  const writeAll = (to: typeof Deno.stdout | typeof Deno.stderr, text: string): void => {
    const data = encoder.encode(text);
    for (let at = 0; at < data.length;) at += to.writeSync(data.subarray(at));
  };
  return {
    out: (text) => writeAll(Deno.stdout, text),
    err(line) {
      try {
        writeAll(Deno.stderr, `${line}\n`);
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error; // the reader is gone
      }
    },
    columns: width(),
    outIsTerminal: Deno.stdout.isTerminal(),
    errIsTerminal: Deno.stderr.isTerminal(),
  };
}

/** An error as it is printed: its message, causes that add something, a hint; with `trace` also the stack. */
export function errorText(
  error: unknown,
  { trace, color }: { readonly trace: boolean; readonly color: boolean },
): string {
  const paint = painter(color);
  if (!(error instanceof Error)) return `${paint("red", "error")}: ${String(error)}`;
  const messages = [messageOf(error)];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (!messages.some((said) => said.includes(messageOf(cause)))) messages.push(messageOf(cause));
  }
  const stack = trace ? `\n${Deno.inspect(error)}` : "";
  const said = messages.join(": ");
  const hint = said.includes("make room") ? "" : hintFor(error); // the message may hold the hint already
  return `${paint("red", "error")}: ${said}${hint}${stack}`;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === "" ? error.name : error.message;
}

/** What to do about a system error, whose own message does not say. */
function hintFor(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.message.includes("os error 28")) return ": make room on the disk and type the command again";
    if (at instanceof Deno.errors.PermissionDenied) return ": give an --out that you may write to";
    if (at instanceof Deno.errors.NotCapable) {
      return ": this task has no such permission: see the tasks in deno.json";
    }
  }
  return "";
}

function width(): number {
  try {
    return Math.max(40, Deno.consoleSize().columns);
  } catch {
    return 100; // not a terminal
  }
}
