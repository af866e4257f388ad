/**
 * A lesson is a pipeline that teaches: one file that a student reads from the top down, whose `run` yields what it has to
 * say in the order of the lecture. The framework prints each piece as it comes and leaves a page with the pictures.
 *
 * How to write one, in full (`pipelines/slopes.ts` would be `deno task pipeline slopes`):
 *
 * ```ts ignore
 * import { lineChart } from "../stages/report/chart/line.ts";
 * import { names } from "./lesson/data.ts";
 * import { check, figure, heading, lines, progress, say, table } from "./lesson/item.ts";
 * import { lesson } from "./lesson/lesson.ts";
 *
 * export default lesson({
 *   part: 2, // its place in the course
 *   about: "what a slope is, and how names are counted",
 *   short: "100 of the lecture's 20,000 steps", // what a run without --full leaves out; null: nothing
 *   seed: 2147483647, // the lecture's, the default of --seed
 *   data: names, // or text, or a kind of its own: --source and its default
 *   options: {}, // more of its own, as any pipeline's
 *   async *run(o, env) {
 *     yield heading("Counting");
 *     yield say(`There are \`${env.data.words.length}\` names.`);
 *     const losses: number[] = [];
 *     for (let step = 0; step < (o.full ? 20_000 : 100); step++) {
 *       losses.push(1 / (step + 1));
 *       yield progress(`step ${step}`); // every few steps: Ctrl-C is heard here
 *     }
 *     yield figure("It falls.", lineChart({ series: [{ name: "loss", y: losses }], xLabel: "step" }));
 *     yield table(["step", "loss"], [[0, losses[0]], [99, losses[99]]]);
 *     yield check({
 *       name: "names",
 *       ours: env.data.words.length,
 *       lecture: 32033,
 *       source: "makemore part 1",
 *       unless: env.unlike(), // env.unlike({ full: true }) where only --full reaches it
 *     });
 *   },
 *   exercises: {
 *     E01: { ask: "Count pairs of letters.", *solution(o, env) { yield lines(env.data.words.slice(0, 3)); } },
 *   },
 * });
 * ```
 *
 * A graph on an engine: `await env.engine()`. Errors about options and data: throw RangeError from `data.open`.
 *
 * @module
 */
import { asSource } from "../../stages/flow/as_source.ts";
import { from } from "../../stages/flow/flow.ts";
import type { Many } from "../../stages/flow/stage.ts";
import { flag, oneOf, path } from "../cli/option_types.ts";
import { runOptions } from "../cli/run_options.ts";
import { type Env, type Options, type Pipeline, pipeline, type Values } from "../cli/pipeline.ts";
import type { DataKind, LessonData } from "./data.ts";
import { heading, type Item, say } from "./item.ts";
import { page } from "./page_stage.ts";
import { print } from "./print_stage.ts";

/** The values that every lesson has beside its own options'. */
export interface LessonValues {
  readonly source: string | null;
  readonly full: boolean;
  readonly solution: string | null;
  readonly seed: number;
  readonly quiet: boolean;
  readonly json: boolean;
  readonly color: boolean;
}

/** What a lesson's functions get beside their values. */
export interface LessonEnv<D extends LessonData> extends Env {
  readonly data: D;
  /**
   * Why this run's figures need not be the lecture's: other data, another seed, or, where the figure needs `--full`, a
   * shortened run. Null: they should be the same.
   */
  unlike(needs?: { readonly full?: boolean }): string | null;
}

/** What a lesson yields its pieces from. */
export type Teach<O extends Options, D extends LessonData> = (
  o: Values<O> & LessonValues,
  env: LessonEnv<D>,
) => Many<Item>;

/** One of the lecture's exercises. */
export interface Exercise<O extends Options, D extends LessonData> {
  /** The task. */
  readonly ask: string;
  /** Ours, with the figure that it reaches. */
  readonly solution: Teach<O, D>;
}

/** What a lesson declares. */
export interface Lesson<O extends Options, D extends LessonData> {
  /** Its place in the course, from 1. */
  readonly part: number;
  /** One line for the list, in lower case. */
  readonly about: string;
  /** What a run without `--full` leaves out of the lecture's; null: nothing. */
  readonly short: string | null;
  /** The lecture's, the default of `--seed`. */
  readonly seed: number;
  readonly data: DataKind<D>;
  readonly options: O;
  /** Throws UsageError for values that cannot be meant together, before anything is printed (default: takes all). */
  readonly refuse?: (o: Values<O> & LessonValues, env: LessonEnv<D>) => void | Promise<void>;
  readonly run: Teach<O, D>;
  /** By their names, "E01" first. */
  readonly exercises: Readonly<Record<string, Exercise<O, D>>>;
}

/** A pipeline that is a lesson: what `lessons` finds it by. */
export interface LessonPipeline extends Pipeline<Options> {
  readonly lesson: {
    readonly part: number;
    readonly short: string | null;
    /** The name of its kind of data. */
    readonly data: string;
    readonly exercises: readonly string[];
    /** Its pieces; of an exercise where `solution` is given. Throws as `DataKind.open`. */
    items(values: Values<Options>, env: Env): Promise<Many<Item>>;
  };
}

/** Declares a lesson, its values' types inferred from its options. */
export function lesson<O extends Options, D extends LessonData>(l: Lesson<O, D>): LessonPipeline {
  const options: Options = { ...optionsOf(l), ...l.options };
  // Values come by the names of `options`, which says no more than that to the compiler.
  const valuesOf = (values: Values<Options>): Values<O> & LessonValues => values as Values<O> & LessonValues;
  const items = async (values: Values<Options>, env: Env): Promise<Many<Item>> => {
    const o = valuesOf(values);
    const data = await l.data.open(o.source);
    const unlike: LessonEnv<D>["unlike"] = ({ full = false } = {}) =>
      !data.isLectures
        ? "other data"
        : env.seed !== l.seed
        ? "another seed"
        : full && l.short !== null && !o.full
        ? "a shortened run"
        : null;
    const whole: LessonEnv<D> = { ...env, data, unlike };
    await l.refuse?.(o, whole);
    return paced(o.solution === null ? lessonItems(l, o, whole) : solutionItems(l, o, whole));
  };
  const { part, about, short, data, exercises } = l;
  return {
    ...pipeline({
      about,
      writes: false, // nothing to go on from: a lesson is run again
      options,
      async build(values, env) {
        const o = valuesOf(values), pieces = await items(values, env);
        return from(asSource("lesson", () => pieces)).pipe(print(o, env)).pipe(
          page({ about, values: o, env }),
        );
      },
      finish: (values, env) =>
        values.quiet === true
          ? []
          : [`Report: ${env.out}/report.html`, "All lessons: deno task pipeline lessons"],
    }),
    lesson: { part, short, data: data.name, exercises: Object.keys(exercises), items },
  };
}

/** The same items, with time for Ctrl-C and the terminal between those of a long loop. */
async function* paced(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  let turned = performance.now();
  for await (const item of items) {
    yield item;
    if (performance.now() - turned < 20) continue; // milliseconds
    await new Promise((done) => setTimeout(done));
    turned = performance.now();
  }
}

/** The lesson from its first word to its exercises. */
async function* lessonItems<O extends Options, D extends LessonData>(
  l: Lesson<O, D>,
  o: Values<O> & LessonValues,
  env: LessonEnv<D>,
): AsyncGenerator<Item> {
  if (l.short !== null && !o.full) {
    yield say(`This is a shortened run: ${l.short}. \`--full\` is the lecture's.`);
  }
  yield say(`Data: ${env.data.name}.`);
  yield* l.run(o, env);
  yield heading("Exercises");
  for (const [name, { ask }] of Object.entries(l.exercises)) yield say(`\`${name}\`: ${ask}`);
  const first = Object.keys(l.exercises)[0];
  if (first !== undefined) yield say(`Ours: \`--solution ${first}\` and so on, after you have tried.`);
}

async function* solutionItems<O extends Options, D extends LessonData>(
  l: Lesson<O, D>,
  o: Values<O> & LessonValues,
  env: LessonEnv<D>,
): AsyncGenerator<Item> {
  const { ask, solution } = l.exercises[String(o.solution)];
  yield heading(`Exercise ${o.solution}`);
  yield say(ask);
  yield* solution(o, env);
}

function optionsOf<O extends Options, D extends LessonData>(l: Lesson<O, D>): Options {
  const group = "Lesson";
  return {
    source: path(l.data.about, { value: null, group, placeholder: "FILE" }),
    full: flag(
      l.short === null
        ? "the same: this lesson is not shortened"
        : `the lecture's own length, not ${l.short}`,
      {
        value: false,
        group,
      },
    ),
    solution: oneOf<string>("run our solution of an exercise", {
      value: null,
      group,
      choices: Object.keys(l.exercises),
    }),
    seed: { ...runOptions.seed, value: l.seed, fixed: false },
    quiet: runOptions.quiet,
    json: runOptions.json,
    color: runOptions.color,
  };
}
