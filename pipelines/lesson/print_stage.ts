/**
 * Prints a lesson's items to standard output as they arrive, and the progress of its loops to standard error.
 *
 * @module
 */
import type { Stage } from "../../stages/flow/stage.ts";
import { truncate } from "../../stages/report/terminal_text.ts";
import { standardError } from "../../stages/report/terminal.ts";
import { processConsole } from "../../stages/run/console.ts";
import type { Env } from "../cli/pipeline.ts";
import type { Item } from "./item.ts";
import { itemLines } from "./text.ts";
import type { LessonValues } from "./lesson_values.ts";

/** Kinds of items that are lines of results, without empty lines between them. */
const results: ReadonlySet<string> = new Set(["check", "claim"]);

/**
 * Prints each item and passes it on. With `--quiet`, only checks, claims and their numbers are printed; with
 * `--json`, events are emitted instead of text.
 */
export function print(
  o: Pick<LessonValues, "quiet" | "json" | "color">,
  env: Pick<Env, "print">,
): Stage<Item, Item, { shown: boolean; last: number; result: boolean }> {
  const console = processConsole();
  const style = { columns: console.columns, color: o.color && console.colors && console.outIsTerminal };
  const screen = standardError({ color: false });
  const clear = (state: { shown: boolean }): void => {
    if (state.shown) screen.write("\x1b[K");
    state.shown = false;
  };
  return {
    name: "print",
    open: () => ({ shown: false, last: -Infinity, result: false }),
    push(item, state, ctx) {
      if (o.json) {
        ctx.emit(eventOf(item));
      } else if (item.kind === "progress") {
        const live = console.errIsTerminal, now = screen.now();
        // At least 0.1 seconds between lines in a terminal, and 10 seconds in a log file.
        if (!o.quiet && now - state.last >= (live ? .1 : 10)) {
          screen.write(live ? `\x1b[K${truncate(item.text, screen.size().columns - 1)}\r` : `${item.text}\n`);
          Object.assign(state, { last: now, shown: live });
        }
      } else if (!o.quiet || results.has(item.kind) || item.kind === "tally") {
        clear(state);
        const isResult = results.has(item.kind), gap = state.result && !isResult && !o.quiet ? "\n" : "";
        env.print(gap + itemLines(item, style).map((line) => `${line}\n`).join(""));
        state.result = isResult;
      }
      return [item];
    },
    close: clear,
  };
}

/**
 * Returns the JSON event of an item. Charts are represented by their titles; tables and checks contain their
 * numbers.
 */
function eventOf(item: Item): { type: "lesson"; kind: string; [field: string]: unknown } {
  return item.kind === "figure"
    ? {
      type: "lesson",
      kind: item.kind,
      caption: item.caption,
      charts: item.charts.map(({ title }) => title),
    }
    : { type: "lesson", ...item };
}
