/**
 * Runs a lesson in the process of the test and collects its items.
 *
 * @module
 */
import { environment } from "../../../pipelines/cli/run/environment.ts";
import { type Check, type Item, outcomeOf } from "../../../pipelines/lesson/item.ts";
import type { LessonPipeline } from "../../../pipelines/lesson/lesson.ts";
import { itemLines } from "../../../pipelines/lesson/text.ts";

/** Options of a run. By default no solution is run, and the data is that installed with the program. */
export interface RunLessonOptions {
  /** Data file; default: the data that is installed with the program. */
  readonly source?: string;
  /** Exercise whose solution is run; default: none. */
  readonly solution?: string;
  /** Folder of the run; default: one that is removed after it. */
  readonly out?: string;
  /** Values of further options. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/** Items of a run, and its checks. */
export interface LessonRun {
  readonly items: readonly Item[];
  /** A line for each check, for example "loss at step 0: 3.7686, lecture 3.7686: same". */
  readonly outcomes: readonly string[];
  /** Text that a terminal of 100 columns shows. */
  readonly text: string;
}

/** Returns the items of a lesson, which runs on the CPU engine as they are read. */
export async function* itemsOfRun(
  { options, lesson }: LessonPipeline,
  { source, solution, out, values = {} }: RunLessonOptions = {},
): AsyncGenerator<Item> {
  await using folder = new AsyncDisposableStack();
  const own = out ?? folder.adopt(await Deno.makeTempDir(), (dir) => Deno.remove(dir, { recursive: true }));
  const defaults = Object.fromEntries(Object.entries(options).map(([name, { value }]) => [name, value]));
  const all = { ...defaults, ...values, source: source ?? null, solution: solution ?? null };
  const env = environment({
    values: { ...all, device: "cpu", workers: 1, blas: "off" },
    out: own,
    resumed: false,
    signal: new AbortController().signal,
    emit: () => {},
    print: () => {},
  });
  yield* await lesson.items(all, env);
}

/** Runs a lesson to its end on the CPU engine. Also renders every chart for the page, to find errors. */
export async function runLesson(lesson: LessonPipeline, options: RunLessonOptions = {}): Promise<LessonRun> {
  const items: Item[] = [];
  for await (const item of itemsOfRun(lesson, options)) items.push(item);
  for (const item of items) {
    if (item.kind === "figure") {
      for (const chart of item.charts) await chart.html();
    }
  }
  const checks = items.filter((item): item is Check => item.kind === "check");
  return {
    items,
    outcomes: checks.map((one) => `${one.name}: ${one.ours}, lecture ${one.lecture}: ${outcomeOf(one)}`),
    text: items.flatMap((item) => itemLines(item, { columns: 100, color: false })).join("\n"),
  };
}
