/**
 * Chooses how a run's progress is shown.
 *
 * @module
 */
import {
  type Display,
  liveDisplay,
  notesDisplay,
  plainDisplay,
  silentDisplay,
  standardError,
} from "../report/terminal.ts";
import type { Console } from "./console.ts";
import type { RecordedRun } from "./recorded_run.ts";
import type { Writer } from "./stop.ts";

/**
 * Returns the display of a run: a block that is redrawn in a terminal, plain lines elsewhere, nothing with
 * the output `json` or `quiet`. `guard` wraps the writer of standard error.
 */
export function displayFor(
  { folder, output, console, color, limits, logEvery }: RecordedRun,
  guard: (write: Writer) => Writer,
): Display {
  if (output !== "progress") return silentDisplay();
  const live = console.outIsTerminal && console.errIsTerminal;
  const plain = standardError({ color: color && console.errIsTerminal });
  const screen = { ...plain, write: guard(plain.write) };
  if (folder === null) return retyped(notesDisplay(screen), console);
  const display = live ? liveDisplay(screen, { limits }) : plainDisplay(screen, { limits, every: logEvery });
  return retyped(display, console);
}

/** Returns a display whose own lines and notes have commands as they can be typed here; samples stay. */
function retyped(display: Display, { retype = (text) => text }: Console): Display {
  return {
    show: (event) => display.show(event.type === "note" ? { ...event, text: retype(event.text) } : event),
    say: (line) => display.say(retype(line)),
    close: () => display.close(),
  };
}
