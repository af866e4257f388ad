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
  const { retype = (text: string) => text } = console;
  const screen = { ...plain, write: guard((text) => plain.write(retype(text))) };
  if (folder === null) return notesDisplay(screen);
  return live ? liveDisplay(screen, { limits }) : plainDisplay(screen, { limits, every: logEvery });
}
