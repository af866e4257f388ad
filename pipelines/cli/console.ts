/**
 * Standard output and standard error of this process.
 *
 * @module
 */
import { painter } from "../../stages/report/terminal_text.ts";

/** Where results, progress and errors go. */
export interface Console {
  /** Results; throws Deno.errors.BrokenPipe where nobody reads any more. */
  out(text: string): void;
  /** One line for people on standard error. */
  err(line: string): void;
  readonly columns: number;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
}

/** This process's. */
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
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error; // nobody listens: nothing to tell
      }
    },
    columns: width(),
    outIsTerminal: Deno.stdout.isTerminal(),
    errIsTerminal: Deno.stderr.isTerminal(),
  };
}

/** An error as people read it: what failed, then its causes unless already said; with `trace` the stack. */
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
  const mends = said.includes("make room") ? "" : mend(error); // whoever wrote the file has said so
  return `${paint("red", "error")}: ${said}${mends}${stack}`;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === "" ? error.name : error.message;
}

/** What to do about errors of the system, whose own messages do not say. */
function mend(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.message.includes("os error 28")) return ": make room on the disk and type the command again";
    if (at instanceof Deno.errors.PermissionDenied) return ": give an --out that you may write to";
    if (at instanceof Deno.errors.NotCapable) return ": the task in deno.json does not grant it";
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
