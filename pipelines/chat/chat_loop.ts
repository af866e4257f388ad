/**
 * The conversation in the terminal: reads lines, runs commands, and shows answers as they are made.
 *
 * @module
 */
import type { AnswerPart } from "../../stages/answer/answer_reader.ts";
import { painter, printable } from "../../stages/report/terminal_text.ts";
import { messageText, runCommand } from "./commands.ts";
import type { ConversationState } from "./conversation_state.ts";
import type { Lines } from "./lines.ts";
import type { Memory } from "../../stages/tool/memory.ts";

/** What the conversation is made of. */
export interface ChatLoopOptions {
  readonly state: ConversationState;
  readonly memory: Memory | null;
  readonly lines: Lines;
  /** Largest number of tokens of the conversation. */
  readonly context: number;
  readonly color: boolean;
  /** Writes to standard output. */
  print(text: string): void;
  /** Says in a pipe that a line could not be done; on a terminal the person sees it in the conversation. */
  fault(text: string): void;
  /** Whether the program is to end. */
  stopping(): boolean;
}

const WAKE_EVERY = 100; // milliseconds between two looks whether the program is to end

/**
 * Yields the number of tokens of the conversation after each answer, until the person leaves. Once the
 * program is to end, it yields at once, for the runner to notice.
 */
export async function* chatLoop(options: ChatLoopOptions): AsyncGenerator<number, void, undefined> {
  const { state, lines, memory, stopping } = options, { isTerminal } = lines;
  const show = new Screen(options);
  const watch = setInterval(() => stopping() && lines.close(), WAKE_EVERY);
  Deno.unrefTimer(watch); // the runner does not continue this generator after it has stopped
  try {
    let edited = "";
    while (true) {
      const line = await lines.next(edited);
      edited = "";
      if (stopping()) yield state.tokens;
      if (line === null) return;
      if (line.trim() === "") continue;
      const result = await runCommand(line, {
        state,
        memory,
        say: (text) => show.aside(text),
        fault: (text) => show.fault(text),
      });
      if (result?.type === "leave") return;
      if (result?.type === "next") continue;
      if (result?.type === "edit" && isTerminal) {
        edited = result.text;
        continue;
      }
      if (await answer(result?.text ?? messageText(line), { show, options }) === "leave") return;
      yield state.tokens;
    }
  } finally {
    clearInterval(watch);
  }
}

/** Shows an answer. Ctrl-C ends it, and a second Ctrl-C the program. */
async function answer(
  text: string,
  { show, options: { state, lines, context, stopping } }: {
    readonly show: Screen;
    readonly options: ChatLoopOptions;
  },
): Promise<"next" | "leave"> {
  const stop = new AbortController();
  let interrupts = 0;
  using _keys = lines.onInterrupt(() => {
    interrupts++;
    stop.abort();
  });
  const watch = setInterval(() => stopping() && stop.abort(), WAKE_EVERY);
  try {
    let end = "";
    for await (const part of state.answer(text, stop.signal)) {
      if (part.type === "end") end = part.end;
      else show.part(part);
    }
    show.endAnswer(
      stop.signal.aborted ? "ended" : end === "length" ? "cut: the context or --max-tokens is full" : "",
    );
    if (lines.isTerminal) show.aside(`${state.tokens} of ${context} tokens`);
  } catch (error) {
    if (!(error instanceof RangeError) && !(error instanceof TypeError)) throw error;
    show.endAnswer("");
    show.fault(error.message);
  } finally {
    clearInterval(watch);
  }
  return interrupts > 1 ? "leave" : "next";
}

/** What the person sees. */
class Screen {
  readonly #options: Pick<ChatLoopOptions, "print" | "fault" | "color" | "lines">;
  #last: AnswerPart["type"] | null = null;
  #isLineOpen = false;

  constructor(options: Pick<ChatLoopOptions, "print" | "fault" | "color" | "lines">) {
    this.#options = options;
  }

  /** Shows a part of an answer: thoughts, code and its output are dimmed, and apart from the text. */
  part(part: AnswerPart): void {
    if (part.type === "call") return;
    const { type, text } = part;
    if (this.#last !== null && this.#last !== type) this.#endLine();
    this.#last = type;
    const prefix = type === "code" ? "[" : type === "output" ? "= " : "";
    this.#write(type === "text" ? text : this.#dim(`${prefix}${text}${type === "code" ? "]" : ""}`));
  }

  /** Ends an answer. `why` says why, if it is not whole. */
  endAnswer(why: string): void {
    this.#endLine();
    this.#last = null;
    if (why !== "") this.aside(`[${why}]`);
  }

  /** Shows a line that is not part of the conversation; in a pipe too, since commands ask for it. */
  aside(text: string): void {
    this.#endLine();
    this.#options.print(`${this.#dim(printable(text))}\n`);
  }

  /** Says that a line could not be done, apart from the answers of a pipe. */
  fault(text: string): void {
    if (this.#options.lines.isTerminal) this.aside(text);
    else this.#options.fault(printable(text));
  }

  #dim(text: string): string {
    return painter(this.#options.color)("dim", text);
  }

  #write(text: string): void {
    const shown = this.#options.lines.isTerminal ? printable(text) : text;
    if (shown === "") return;
    this.#isLineOpen = !shown.endsWith("\n");
    this.#options.print(shown);
  }

  #endLine(): void {
    if (this.#isLineOpen) this.#options.print("\n");
    this.#isLineOpen = false;
  }
}
