/**
 * The items that a lesson consists of. A lesson yields its items in order; each item is printed to the
 * terminal and added to the page.
 *
 * @module
 */
import type { Chart } from "../../stages/report/chart/chart.ts";
import type { LiveFigure } from "../page/playground/live_figures.ts";

/** A comparison of a value computed here with the value shown in the lecture. */
export interface Check {
  readonly kind: "check";
  /** What the value is, for example "loss after step 99". */
  readonly name: string;
  /** Value computed here. */
  readonly ours: number | string;
  /** Value that the lecture shows. */
  readonly lecture: number | string;
  /** Greatest absolute difference that counts as the same; default 0. */
  readonly within?: number;
  /** Where the lecture shows its value, for example "micrograd, demo.ipynb". */
  readonly source: string;
  /**
   * Why this run's value may differ from the lecture's (see `LessonEnv.reasonToDiffer`); null or absent if it
   * should be equal.
   */
  readonly mayDiffer?: string | null;
}

/** A sentence about the run's results, chosen by measured values; see `claim()` in claim.ts. */
export interface ClaimItem {
  readonly kind: "claim";
  /** What is claimed, in a few words and without numbers. */
  readonly name: string;
  /** Whether the measured values confirm it. */
  readonly holds: boolean;
  /** The sentence, which says what was measured. */
  readonly text: string;
}

/** A part of the project's source that the page shows beside the text before it. */
export interface CodeItem {
  readonly kind: "code";
  /** Path from the project's folder. */
  readonly file: string;
  /** Name of a declaration in the file, or of a region between `// #region NAME` and `// #endregion`. */
  readonly name: string;
}

/** A figure that the playground shows live. */
export interface LiveItem {
  readonly kind: "live";
  readonly figure: LiveFigure;
}

/** The lecture that a lesson follows. */
export interface Lecture {
  readonly title: string;
  readonly url: string;
}

/** One item of a lesson. */
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
  | ClaimItem
  | CodeItem
  | { readonly kind: "lecture" } & Lecture
  | Tally
  | { readonly kind: "figure"; readonly caption: string; readonly charts: readonly Chart[] }
  | LiveItem
  | { readonly kind: "progress"; readonly text: string };

/** Numbers of checks and claims of a run. */
export interface Tally {
  readonly kind: "tally";
  /** Checks whose values agree with the lecture's. */
  readonly same: number;
  /** Checks that were compared. */
  readonly compared: number;
  /** Checks that were not compared. */
  readonly notCompared: number;
  /** Claims that hold. */
  readonly holding: number;
  /** All claims. */
  readonly claims: number;
}

/** The heading of a section. */
export function heading(text: string): Item {
  return { kind: "heading", text };
}

/** Returns a paragraph of prose; text between backticks is shown as code. */
export function say(text: string): Item {
  return { kind: "say", text };
}

/** Returns preformatted text, such as samples, shapes or code. */
export function lines(text: string | readonly string[]): Item {
  return { kind: "lines", lines: typeof text === "string" ? text.split("\n") : text };
}

/** A table. Numbers are rounded to six significant digits; pass them as text if more digits matter. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): Item {
  return { kind: "table", head, rows };
}

/**
 * Returns a comparison with the lecture, which is one line in the terminal and one row in
 * `lessons --figures`.
 */
export function check(figures: Omit<Check, "kind">): Check {
  return { kind: "check", ...figures };
}

/**
 * Returns a part of the source, which the page shows beside the paragraph before it. It is read when the page
 * is made. `file` is a path from the project's folder; `name` as in `CodeItem`.
 */
export function code(file: string, name: string): Item {
  return { kind: "code", file, name };
}

/** Returns charts that stand side by side, with a caption that says what to notice. */
export function figure(caption: string, ...charts: readonly Chart[]): Item {
  return { kind: "figure", caption, charts };
}

/**
 * Returns a pointer to a figure of the playground, where a reader changes what the lesson has shown: a link
 * where the playground has been built beside the page, and the command that builds it elsewhere.
 */
export function live(figure: LiveFigure): Item {
  return { kind: "live", figure };
}

/**
 * Returns a line with the progress of a long loop. It is overwritten by the next line and is not shown on the
 * page. Yield one every few steps, because Ctrl-C takes effect only when an item is yielded.
 */
export function progress(text: string): Item {
  return { kind: "progress", text };
}

/** The outcome of a check. */
export function outcomeOf(
  { ours, lecture, within = 0, mayDiffer }: Check,
): "same" | "differs" | "not compared" {
  if (typeof mayDiffer === "string") return "not compared";
  const same = typeof ours === "number" && typeof lecture === "number"
    ? Math.abs(ours - lecture) <= within
    : ours === lecture;
  return same ? "same" : "differs";
}

/** Returns the allowed difference as text, for example " ±1e-6"; the text is empty for 0. */
export function tolerance({ within = 0 }: Check): string {
  return within === 0 ? "" : ` ±${within < .001 ? within.toExponential() : within}`;
}

/**
 * Formats a value for a table or, if `within` is given, for a check. In a check, it shows one digit more than
 * the check compares.
 */
export function shown(value: number | string, within?: number): string {
  if (typeof value === "string") return value;
  if (within === undefined) {
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  }
  const digits = within === 0 ? 17 : Math.min(17, Math.max(0, Math.ceil(-Math.log10(within)) + 1));
  return digits >= 12 ? String(value) : value.toFixed(digits);
}

/** Counts the checks and claims among items. */
export function tallyOf(items: readonly Item[]): Tally {
  const outcomes = items.flatMap((item) => item.kind === "check" ? [outcomeOf(item)] : []);
  const claims = items.filter((item) => item.kind === "claim");
  const notCompared = outcomes.filter((outcome) => outcome === "not compared").length;
  return {
    kind: "tally",
    same: outcomes.filter((outcome) => outcome === "same").length,
    compared: outcomes.length - notCompared,
    notCompared,
    holding: claims.filter(({ holds }) => holds).length,
    claims: claims.length,
  };
}

/** Returns a tally as a sentence; it is empty if there is nothing to count. */
export function tallyText({ same, compared, notCompared, holding, claims }: Tally): string {
  return [
    ...(compared > 0 ? [`${same} of ${compared} values agree with the lecture's`] : []),
    ...(notCompared > 0 ? [`${notCompared} not compared`] : []),
    ...(claims > 0 ? [`${holding} of ${claims} ${claims === 1 ? "claim holds" : "claims hold"}`] : []),
  ].join("; ");
}
