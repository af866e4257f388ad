/**
 * Runs a lesson within the test and keeps what it yields.
 *
 * @module
 */
import { environment } from "../../../pipelines/cli/run/environment.ts";
import { type Check, type Item, outcomeOf } from "../../../pipelines/lesson/item.ts";
import type { LessonPipeline } from "../../../pipelines/lesson/lesson.ts";
import { itemLines } from "../../../pipelines/lesson/text.ts";

/** What is run: the lesson itself, or the solution of an exercise. */
export interface RunLesson {
  /** A file of data; default: what installs with the program. */
  readonly source?: string;
  readonly solution?: string;
  /** The run's folder (default: none, for what writes nothing). */
  readonly out?: string;
  /** More values of options. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/** What came. */
export interface LessonRun {
  readonly items: readonly Item[];
  /** "loss at step 0: 3.7686, lecture 3.7686: same", one a check. */
  readonly outcomes: readonly string[];
  /** As a terminal of 100 columns shows it. */
  readonly text: string;
}

/** Runs a lesson to its end on the CPU engine, and draws every picture for the page. */
export async function runLesson(
  { options, lesson }: LessonPipeline,
  { source, solution, out = "nowhere", values = {} }: RunLesson = {},
): Promise<LessonRun> {
  const defaults = Object.fromEntries(Object.entries(options).map(([name, { value }]) => [name, value]));
  const all = { ...defaults, ...values, source: source ?? null, solution: solution ?? null };
  const env = environment({
    values: { ...all, device: "cpu", workers: 1, blas: "off" },
    out,
    resumed: false,
    signal: new AbortController().signal,
    emit: () => {},
    print: () => {},
  });
  const pieces = await lesson.items(all, env);
  const items: Item[] = [];
  for await (const item of pieces) items.push(item);
  for (const item of items) if (item.kind === "figure") { for (const chart of item.charts) chart.html(); }
  const checks = items.filter((item): item is Check => item.kind === "check");
  return {
    items,
    outcomes: checks.map((one) => `${one.name}: ${one.ours}, lecture ${one.lecture}: ${outcomeOf(one)}`),
    text: items.flatMap((item) => itemLines(item, { columns: 100, color: false })).join("\n"),
  };
}
