/**
 * What a lesson is made of: it yields these one after another, and each goes to the terminal and to the page.
 *
 * @module
 */
import type { Chart } from "../../stages/report/chart/chart.ts";

/** A number of ours beside the lecture's. */
export interface Check {
  readonly kind: "check";
  /** What it is: "loss after step 99". */
  readonly name: string;
  readonly ours: number | string;
  readonly lecture: number | string;
  /** By how much a number of ours may differ (default 0). */
  readonly within?: number;
  /** Where the lecture's stands: "micrograd, demo.ipynb". */
  readonly source: string;
  /** Why this run's is not to be held against it, from `LessonEnv.unlike` (default: it is). */
  readonly unless?: string | null;
}

/** A piece of a lesson. */
export type Item =
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "say"; readonly text: string }
  | { readonly kind: "lines"; readonly lines: readonly string[] }
  | {
    readonly kind: "table";
    readonly head: readonly string[];
    readonly rows: readonly (readonly (string | number)[])[];
  }
  | Check
  | { readonly kind: "figure"; readonly caption: string; readonly charts: readonly Chart[] }
  | { readonly kind: "progress"; readonly text: string };

/** Begins a section. */
export function heading(text: string): Item {
  return { kind: "heading", text };
}

/** A paragraph; what stands between backticks is code. */
export function say(text: string): Item {
  return { kind: "say", text };
}

/** Text that keeps its lines: samples, shapes, code. */
export function lines(text: string | readonly string[]): Item {
  return { kind: "lines", lines: typeof text === "string" ? text.split("\n") : text };
}

/** Rows under a head; numbers are cut to six digits, so write text where more matter. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): Item {
  return { kind: "table", head, rows };
}

/** A figure of the lecture's and ours: a line here, a row in `lessons --figures`. */
export function check(figures: Omit<Check, "kind">): Check {
  return { kind: "check", ...figures };
}

/** Pictures side by side, with a line under them that says what to see. */
export function figure(caption: string, ...charts: readonly Chart[]): Item {
  return { kind: "figure", caption, charts };
}

/**
 * What a long loop is at: a line that the next one overwrites, kept nowhere. Yield one every few steps: it is also where
 * Ctrl-C is heard.
 */
export function progress(text: string): Item {
  return { kind: "progress", text };
}

/** What became of a check. */
export function verdictOf({ ours, lecture, within = 0, unless }: Check): "same" | "differs" | "not compared" {
  if (typeof unless === "string") return "not compared";
  const same = typeof ours === "number" && typeof lecture === "number"
    ? Math.abs(ours - lecture) <= within
    : ours === lecture;
  return same ? "same" : "differs";
}

/** How far ours may be from the lecture's, as text: "±1e-6", nothing for 0. */
export function tolerance({ within = 0 }: Check): string {
  return within === 0 ? "" : ` ±${within < .001 ? within.toExponential() : within}`;
}

/** A value of a table or check as text. */
export function shown(value: number | string, within?: number): string {
  if (typeof value === "string") return value;
  if (within === undefined) {
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  }
  const digits = within === 0 ? 17 : Math.min(17, Math.max(0, Math.ceil(-Math.log10(within)) + 1)); // one more than is held
  return digits >= 12 ? String(value) : value.toFixed(digits);
}
