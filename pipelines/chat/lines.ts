/**
 * Lines that a person types, or that a pipe brings.
 *
 * @module
 */
import process from "node:process";
import { createInterface, type Interface } from "node:readline/promises";

/** Where lines come from. */
export interface Lines {
  /** Whether a person types them at a terminal. */
  readonly isTerminal: boolean;
  /** Returns the next line; null at the end. `text` is already there to be edited, on a terminal. */
  next(text?: string): Promise<string | null>;
  /** Calls the function at each Ctrl-C until disposed, on a terminal. */
  onInterrupt(interrupt: () => void): Disposable;
  /** Ends a wait for a line: `next` then returns null. */
  close(): void;
}

/** Returns the lines of standard input. `prompt` is shown before each on a terminal. */
export function standardLines(prompt: string): Lines {
  return Deno.stdin.isTerminal() ? new TerminalLines(prompt) : new PipedLines();
}

/** Lines with an editor: arrows, history, wide characters. A line that ends with "\" goes on in the next. */
class TerminalLines implements Lines {
  readonly isTerminal = true;
  readonly #prompt: string;
  #history: string[] = [];
  #open: Interface | null = null;

  constructor(prompt: string) {
    this.#prompt = prompt;
  }

  async next(text = ""): Promise<string | null> {
    let whole = "";
    while (true) {
      const line = await this.#line(whole === "" ? this.#prompt : "… ", text);
      if (line === null) return null;
      if (!line.endsWith("\\")) return whole + line;
      whole += `${line.slice(0, -1)}\n`;
      text = "";
    }
  }

  /** Reads one line; null after Ctrl-C, Ctrl-D and `close`. */
  async #line(prompt: string, text: string): Promise<string | null> {
    const editor = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: true,
      history: [...this.#history],
    });
    this.#open = editor;
    try {
      const ended = new Promise<null>((resolve) => {
        editor.on("close", () => resolve(null));
        editor.on("SIGINT", () => resolve(null));
      });
      const answer = editor.question(prompt);
      answer.catch(() => {}); // the editor was closed
      editor.write(text);
      const line = await Promise.race([answer, ended]);
      if (line === null) process.stdout.write("\n");
      else if (line.trim() !== "") this.#history = [line, ...this.#history];
      return line;
    } finally {
      this.#open = null;
      editor.close();
    }
  }

  onInterrupt(interrupt: () => void): Disposable {
    const onKeys = (keys: Uint8Array): void => {
      if (keys.includes(3)) interrupt(); // Ctrl-C; in raw mode it sends no signal
    };
    process.stdin.setRawMode(true);
    process.stdin.on("data", onKeys);
    process.stdin.resume();
    return {
      [Symbol.dispose]() {
        process.stdin.off("data", onKeys);
        process.stdin.setRawMode(false);
        process.stdin.pause();
      },
    };
  }

  close(): void {
    this.#open?.close();
  }
}

/** Lines of a pipe or file. */
class PipedLines implements Lines {
  readonly isTerminal = false;
  readonly #reader = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
  readonly #closed = Promise.withResolvers<null>();
  #rest = "";
  #isOver = false;

  async next(): Promise<string | null> {
    while (!this.#isOver) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end).replace(/\r$/, "");
        this.#rest = this.#rest.slice(end + 1);
        return line;
      }
      const read = await Promise.race([this.#reader.read(), this.#closed.promise]);
      if (read === null) return null;
      if (read.done) this.#isOver = true;
      else this.#rest += read.value;
      if (this.#rest.length > LONGEST) {
        throw new RangeError(`Cannot read a line of more than ${LONGEST} characters`);
      }
    }
    const last = this.#rest;
    this.#rest = "";
    return last === "" ? null : last;
  }

  onInterrupt(): Disposable {
    return { [Symbol.dispose]() {} }; // Ctrl-C is a signal here, and ends the program
  }

  close(): void {
    this.#closed.resolve(null);
  }
}

/** Longest line of a pipe in characters. */
const LONGEST = 1 << 22;
