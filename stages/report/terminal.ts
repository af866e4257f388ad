/**
 * Shows progress on standard error: as a live block on a terminal, as plain lines elsewhere.
 *
 * @module
 */
import stringWidth from "string-width";
import type { RunEvent } from "../flow/events.ts";
import { liveBlockLines } from "./live_block.ts";
import { painter, printable } from "./terminal_text.ts";
import {
  cardLine,
  changeLine,
  evalLine,
  hellaswagLine,
  inspectLine,
  sampleLines,
  stagesLine,
  stepLine,
  taskLine,
  withoutUpdateLine,
} from "./event_lines.ts";
import { Progress, type RunLimits } from "./progress.ts";

/** Shows the events of a run. */
export interface Display {
  /** Shows an event. */
  show(event: RunEvent): void;
  /** Prints a line, above the live block if there is one. */
  say(line: string): void;
  /** Draws the final state and restores the terminal. Further calls do nothing. */
  close(): void;
}

/** The terminal or stream to which a display writes. */
export interface Screen {
  /** Writes a text as it is. */
  write(text: string): void;
  /** Returns the current size; it is read before each drawing, so that no resize signal is needed. */
  size(): { readonly columns: number; readonly rows: number };
  /** Whether colours may be used. */
  readonly color: boolean;
  /** Returns the time in seconds since an arbitrary moment. */
  now(): number;
}

const redrawMs = 100; // at most 10 drawings per second
const stagesEvery = 10; // seconds between lines on the data stages before training has started

/**
 * Returns the standard error as a screen.
 *
 * @example
 * ```ts
 * import { plainDisplay, standardError } from "@stagewise/gpt";
 *
 * const screen = standardError({ color: false });
 * plainDisplay(screen, { limits: {}, every: 10 }).show({ type: "note", text: "one line on standard error" });
 * ```
 */
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
        const { columns, rows } = Deno.consoleSize();
        return { columns: columns || 80, rows: rows || 24 }; // 0: the terminal does not know its size
      } catch {
        return { columns: 80, rows: 24 }; // standard error is not a terminal
      }
    },
    now: () => performance.now() / 1000,
  };
}

/** Returns a display that shows nothing, for --quiet and --json. */
export function silentDisplay(): Display {
  return { show() {}, say() {}, close() {} };
}

/**
 * Returns a display that shows only notes and the lines of `say()`, for a command that prints its result to
 * the terminal.
 */
export function notesDisplay(screen: Screen): Display {
  const say = (line: string): void => screen.write(`${line}\n`);
  return {
    say,
    close() {},
    show: (event) => event.type === "note" ? say(event.text) : undefined,
  };
}

/**
 * Returns a display of plain lines: every `every`-th step, evaluations, samples, checkpoints, notes, and
 * `say()`.
 *
 * @example
 * ```ts
 * import { from, map, plainDisplay, standardError } from "@stagewise/gpt";
 *
 * const display = plainDisplay(standardError({ color: false }), { limits: { steps: 100 }, every: 10 });
 * const flow = from([1, 2]).pipe(map("square", (x: number) => x * x));
 * await flow.run({ onEvent: (event) => display.show(event) });
 * display.close();
 * ```
 */
export function plainDisplay(
  screen: Screen,
  options: { readonly limits: RunLimits; readonly every: number },
): Display {
  const progress = new Progress(options.limits, screen.now);
  let lastLine = screen.now();
  const say = (line: string): void => {
    screen.write(`${line}\n`);
    lastLine = screen.now();
  };
  return {
    say,
    close() {},
    show(event) {
      const lines = progress.repeats(event) ? [] : linesOf(event);
      progress.add(event);
      if (event.type === "step") {
        const { updates, limits } = progress;
        if (event.step === 0 || updates % options.every === 0 || updates === limits.steps) {
          say(stepLine(progress));
        }
      } else if (event.type === "stage") {
        if (progress.step === null && screen.now() - lastLine >= stagesEvery) say(stagesLine(progress));
      } else {
        lines.forEach(say);
      }
    },
  };
}

/**
 * Returns a display of a block at the bottom of the terminal, redrawn in place; other lines scroll away above
 * it.
 */
export function liveDisplay(screen: Screen, options: { readonly limits: RunLimits }): Display {
  const progress = new Progress(options.limits, screen.now);
  const paint = painter(screen.color);
  let drawn: readonly string[] = []; // the block's lines on the screen
  let dirty = true; // whether the state has changed since the block was drawn
  let closed = false;

  /**
   * Moves the cursor to the block's first line and clears from there. If the terminal has
   * become narrower, the lines have wrapped, and the block is taller than when it was written.
   */
  const clearBlock = (columns: number): string => {
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / columns)), 0);
    return rows === 0 ? "" : `\x1b[${rows}A\r\x1b[J`;
  };
  const draw = (above: readonly string[] = []): void => {
    const { columns, rows } = screen.size();
    const size = { columns: Math.max(1, columns - 1), rows: Math.max(1, rows - 1), color: screen.color };
    const lines = progress.title === "" ? [] : liveBlockLines(progress, size);
    const text = [...above, ...lines].map((line) => `${line}\n`).join("");
    screen.write(`\x1b[?25l${clearBlock(columns)}${text}`); // hides the cursor, which would flicker
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
  globalThis.addEventListener("unload", close); // shows the cursor again, however the process ends
  return {
    close,
    say: (line) => closed ? screen.write(`${line}\n`) : draw([line]),
    show(event) {
      const lines = progress.repeats(event) ? [] : linesOf(event).map(printable);
      progress.add(event);
      dirty = true;
      // Lines are never cut: they may name a path, or a command to type.
      if (lines.length > 0 && !closed) draw(lines.map((line, i) => i === 0 ? line : paint("dim", line)));
    },
  };
}

/** Returns the lines that both displays print for an event. */
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
    case "rollout":
      return event.withoutUpdate === true ? [withoutUpdateLine(event)] : []; // else in the line of the step
    case "note":
      return [event.text];
    case "change":
      return [changeLine(event)];
    case "task":
      return [taskLine(event)];
    case "card":
      return [cardLine(event)];
    case "preference": // these two are in the line of the step
    case "timing":
    case "words": // one of the last lines of a run
    case "run":
    case "profile": // its table is one of the last lines of a run
    case "stage":
    case "graph":
    case "survey":
    case "step":
    case "tokens":
    case "lesson":
    case "done":
      return [];
  }
}
