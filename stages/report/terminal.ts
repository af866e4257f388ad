/**
 * Progress for people, on standard error: on a terminal one live block, in a pipe plain lines.
 *
 * @module
 */
import stringWidth from "string-width";
import type { RunEvent } from "../flow/events.ts";
import { liveBlockLines } from "./live_block.ts";
import { painter, truncate } from "./terminal_text.ts";
import { evalLine, hellaswagLine, inspectLine, sampleLines, stagesLine, stepLine } from "./event_lines.ts";
import { Progress, type RunLimits } from "./progress.ts";

/** Shows events as they come. */
export interface Display {
  show(event: RunEvent): void;
  /** A line of its own, above the live block. */
  say(line: string): void;
  /** Draws the last state and gives the terminal back as it was; may be called again. */
  close(): void;
}

/** Where and how a display writes. */
export interface Screen {
  write(text: string): void;
  /** The size now, asked for at every drawing, so a resize needs no signal. */
  size(): { readonly columns: number; readonly rows: number };
  readonly color: boolean;
  /** Seconds, from anywhere. */
  now(): number;
}

const redrawMs = 100; // at most 10 drawings a second
const stagesEvery = 10; // seconds between lines on the data side while nothing is being trained

/** Standard error as a screen. */
export function standardError(options: { readonly color: boolean }): Screen {
  const encoder = new TextEncoder();
  return {
    color: options.color,
    write(text) {
      const data = encoder.encode(text);
      for (let at = 0; at < data.length;) at += Deno.stderr.writeSync(data.subarray(at));
    },
    size() {
      try {
        return Deno.consoleSize();
      } catch {
        return { columns: 80, rows: 24 }; // not a terminal after all
      }
    },
    now: () => performance.now() / 1000,
  };
}

/** Nothing at all, for --quiet and --json. */
export function silentDisplay(): Display {
  return { show() {}, say() {}, close() {} };
}

/** Only what is said, and notes: for a command whose result itself goes to the terminal. */
export function notesDisplay(screen: Screen): Display {
  const say = (line: string): void => screen.write(`${line}\n`);
  return {
    say,
    close() {},
    show: (event) => event.type === "note" ? say(event.text) : undefined,
  };
}

/** Plain lines: a step every `every` steps, what is said, evaluations, samples, checkpoints. */
export function plainDisplay(
  screen: Screen,
  options: { readonly goal: RunLimits; readonly every: number },
): Display {
  const progress = new Progress(options.goal, screen.now);
  let spoke = screen.now();
  const say = (line: string): void => {
    screen.write(`${line}\n`);
    spoke = screen.now();
  };
  return {
    say,
    close() {},
    show(event) {
      progress.add(event);
      if (event.type === "step") {
        const { updates, limits: goal } = progress;
        if (event.step === 0 || updates % options.every === 0 || updates === goal.steps) {
          say(stepLine(progress));
        }
      } else if (event.type === "stage") {
        if (progress.step === null && screen.now() - spoke >= stagesEvery) say(stagesLine(progress));
      } else {
        linesOf(event).forEach(say);
      }
    },
  };
}

/** One block at the bottom of the terminal, redrawn in place; what is said scrolls away above it. */
export function liveDisplay(screen: Screen, options: { readonly goal: RunLimits }): Display {
  const progress = new Progress(options.goal, screen.now);
  const paint = painter(screen.color);
  let drawn: readonly string[] = [];
  let dirty = true;
  let closed = false;

  /** Moves to the block's first line; a terminal made narrower has wrapped the lines drawn before. */
  const rewind = (columns: number): string => {
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / columns)), 0);
    return rows === 0 ? "" : `\x1b[${rows}A\r\x1b[J`;
  };
  const draw = (above: readonly string[] = []): void => {
    const { columns, rows } = screen.size();
    const room = { columns: Math.max(1, columns - 1), rows: Math.max(1, rows - 1), color: screen.color };
    const lines = progress.title === "" ? [] : liveBlockLines(progress, room);
    const text = [...above, ...lines].map((line) => `${line}\n`).join("");
    screen.write(`\x1b[?25l${rewind(columns)}${text}`); // the cursor is hidden, else it flickers
    drawn = lines;
    dirty = false;
  };
  const timer = setInterval(() => {
    if (dirty) draw();
  }, redrawMs);
  Deno.unrefTimer(timer);
  const close = (): void => {
    if (closed) return;
    closed = true;
    clearInterval(timer);
    globalThis.removeEventListener("unload", close);
    draw();
    screen.write("\x1b[?25h");
  };
  globalThis.addEventListener("unload", close); // the cursor comes back also when something else ends the process
  return {
    close,
    say: (line) => closed ? screen.write(`${line}\n`) : draw([line]),
    show(event) {
      progress.add(event);
      dirty = true;
      const { columns } = screen.size();
      const lines = linesOf(event).map((line) => truncate(line, Math.max(1, columns - 1)));
      if (lines.length > 0 && !closed) draw(lines.map((line, i) => i === 0 ? line : paint("dim", line)));
    },
  };
}

/** What an event leaves behind as lines, in either display. */
function linesOf(event: RunEvent): string[] {
  switch (event.type) {
    case "eval":
      return [evalLine(event)];
    case "hellaswag":
      return [hellaswagLine(event)];
    case "sample":
      return sampleLines(event);
    case "inspect":
      return [inspectLine(event)];
    case "checkpoint":
      return [`checkpoint after step ${event.step}: ${event.path}`];
    case "note":
      return [event.text];
    case "run":
    case "stage":
    case "survey":
    case "step":
    case "tokens":
    case "lesson":
    case "done":
      return [];
  }
}
