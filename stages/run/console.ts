/**
 * Standard output and standard error of this process.
 *
 * @module
 */

/** Where a process writes results, progress and errors. */
export interface Console {
  /**
   * Writes a result to standard output. Throws an error for which `hasNoReader()` is true once nobody
   * reads it.
   */
  out(text: string): void;
  /** Writes one line to standard error. */
  err(line: string): void;
  /**
   * Puts the commands in a message into the words in which they can be typed here. Default: leaves them as
   * they are.
   */
  readonly retype?: (text: string) => string;
  /** Width of the terminal in characters. */
  readonly columns: number;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** Whether a terminal may be given colours: NO_COLOR is not set. */
  readonly colors: boolean;
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
        if (!hasNoReader(error)) throw error;
      }
    },
    columns: width(),
    outIsTerminal: Deno.stdout.isTerminal(),
    errIsTerminal: Deno.stderr.isTerminal(),
    colors: !Deno.noColor,
  };
}

/**
 * Whether writing failed because nobody reads any more: the reader has closed the pipe, or the terminal has
 * been closed, for which the system reports an input/output error.
 */
export function hasNoReader(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe ||
    error instanceof Error && "code" in error && error.code === "EIO";
}

function width(): number {
  try {
    return Math.max(40, Deno.consoleSize().columns);
  } catch {
    return 100; // not a terminal
  }
}
