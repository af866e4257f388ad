/**
 * A lesson is a pipeline that teaches. Its `run` yields items in the order of the lecture; the sections of
 * a longer lesson are generators in a folder of their own. The framework prints each item as soon as it is
 * yielded, and writes a page with all items.
 *
 * A complete lesson. If it is saved as `pipelines/slopes.ts`, `deno task pipeline slopes` runs it:
 *
 * ```ts ignore
 * import { lineChart } from "../stages/report/chart/line.ts";
 * import { claim } from "./lesson/claim.ts";
 * import { names } from "./lesson/data.ts";
 * import { check, code, figure, heading, lines, progress, say, table } from "./lesson/item.ts";
 * import { lesson } from "./lesson/lesson.ts";
 * import { lossFalls } from "./lesson/slopes/slopes_claims.ts";
 *
 * export default lesson({
 *   part: 2, // position in the course
 *   module: import.meta.url, // the page links to this file
 *   lecture: { title: "Slopes", url: "https://example.org/slopes" },
 *   next: "makemore-bigram", // the lesson that follows; null if there is none
 *   about: "what a slope is, and how names are counted",
 *   short: { text: "100 of the lecture's 20,000 steps" }, // how a run without --full is shortened, or null
 *   seed: 2147483647, // the lecture's seed, the default of --seed
 *   data: names, // the data set: defines --source and its default; madeData() has none
 *   options: {}, // further options, as of any pipeline
 *   async *run(o, env) {
 *     yield heading("Counting");
 *     yield say(`There are \`${env.data.words.length}\` names.`);
 *     const losses: number[] = [];
 *     for (let step = 0; step < (o.full ? 20_000 : 100); step++) {
 *       losses.push(1 / (step + 1));
 *       yield progress(`step ${step}`); // every few steps: Ctrl-C takes effect here
 *     }
 *     yield figure("The loss falls.", lineChart({ series: [{ name: "loss", y: losses }], xLabel: "step" }));
 *     yield table(["step", "loss"], [[0, losses[0]], [99, losses[99]]]);
 *     yield claim(lossFalls, { value: losses[99], other: losses[0] }); // see claim.ts
 *     yield code("pipelines/slopes.ts", "losses"); // the page shows this declaration
 *     yield check({
 *       name: "names",
 *       ours: env.data.words.length,
 *       lecture: 32033,
 *       source: "makemore part 1",
 *       mayDiffer: env.reasonToDiffer(), // with { full: true } if only --full reaches the value
 *     });
 *   },
 *   exercises: {
 *     E01: {
 *       ask: "Count pairs.",
 *       uses: ["source"], // the options that the solution depends on; the others are refused beside it
 *       *solution(o, env) { yield lines(env.data.words.slice(0, 3)); },
 *     },
 *   },
 * });
 * ```
 *
 * `await env.engine()` opens the compute engine. Throw RangeError from `data.open` for unusable data.
 *
 * @module
 */
import { asSource } from "../../stages/flow/as_source.ts";
import { from } from "../../stages/flow/flow.ts";
import type { Many } from "../../stages/flow/stage.ts";
import { flag, oneOf, path } from "../cli/option_types.ts";
import { runOptions } from "../cli/run_options.ts";
import {
  type Env,
  type Option,
  type OptionRequirement,
  type Options,
  type Pipeline,
  pipeline,
  type SparedOption,
  type Values,
} from "../cli/pipeline.ts";
import type { DataKind, LessonData } from "./data.ts";
import { heading, type Item, type Lecture, say, tallyOf } from "./item.ts";
import { requirementsOf } from "../cli/effect.ts";
import type { LessonValues } from "./lesson_values.ts";
import { page } from "./page_stage.ts";
import { print } from "./print_stage.ts";

/**
 * The environment that the framework passes to the functions of a lesson, besides the values of its options.
 */
export interface LessonEnv<D extends LessonData> extends Env {
  /** Data of this run. */
  readonly data: D;
  /**
   * Returns why this run's values may differ from the lecture's: other data, another seed, or, for a value
   * that needs `--full`, a shortened run. Returns null if they should be equal.
   */
  reasonToDiffer(needs?: { readonly full?: boolean }): string | null;
}

/** A function that yields the items of a lesson or of a solution. */
export type LessonItems<O extends Options, D extends LessonData> = (
  o: Values<O> & LessonValues,
  env: LessonEnv<D>,
) => Many<Item>;

/** An option that a solution may depend on. */
type SolutionOption<O> = keyof O | "source" | "full" | "seed" | "device";

/** An exercise of the lecture. */
export interface Exercise<O extends Options, D extends LessonData> {
  /** The task. */
  readonly ask: string;
  /**
   * The options that the solution depends on: the lesson's own, `full`, `source`, `seed`, and `device` for
   * all options of the device. The others do nothing beside `--solution`, and are refused there.
   */
  readonly uses: readonly SolutionOption<O>[];
  /** Yields our solution, including the value that it reaches. */
  readonly solution: LessonItems<O, D>;
}

/** How a run without `--full` is shorter than the lecture's run. */
export interface ShortRun<O extends Options> {
  /** What is shorter: "100 of the lecture's 20,000 steps". */
  readonly text: string;
  /**
   * Whether these values choose another length or train nothing, so that the text is not said of the run.
   * Default: no values do.
   */
  readonly unless?: (o: Values<O> & LessonValues) => boolean;
}

/** The declaration of a lesson. */
export interface Lesson<O extends Options, D extends LessonData> {
  /** Position in the course, starting at 1. */
  readonly part: number;
  /** `import.meta.url` of the lesson's file, to which the page links. */
  readonly module: string;
  /** The lecture that the lesson follows. */
  readonly lecture: Lecture;
  /** Name of the lesson that follows; null for the last one. */
  readonly next: string | null;
  /** Subject, one line in lower case for the list of lessons. */
  readonly about: string;
  /** How a run without `--full` is shorter than the lecture's run; null if it is not. */
  readonly short: ShortRun<O> | null;
  /** The lecture's seed, the default of `--seed`. */
  readonly seed: number;
  /** Data set. */
  readonly data: DataKind<D>;
  /** Options of this lesson, in addition to those that all lessons have. */
  readonly options: O;
  /** What `--full` needs besides a run that is shortened without it. Default: nothing. */
  readonly fullRequires?: OptionRequirement;
  /** Options of every pipeline that do nothing in this lesson. Default: --log-every alone. */
  readonly spares?: readonly SparedOption[];
  /**
   * Throws UsageError for option values that contradict each other, before anything is printed. Default: all
   * values are accepted.
   */
  readonly refuse?: (o: Values<O> & LessonValues, env: LessonEnv<D>) => void | Promise<void>;
  /** Yields the items of the lesson. */
  readonly run: LessonItems<O, D>;
  /** Exercises; the key is the name, from "E01" on. */
  readonly exercises: Readonly<Record<string, Exercise<O, D>>>;
}

/** A pipeline that is a lesson; the pipeline `lessons` recognises it by the field `lesson`. */
export interface LessonPipeline extends Pipeline<Options> {
  readonly lesson: {
    readonly part: number;
    readonly lecture: Lecture;
    readonly next: string | null;
    /** Name of the lesson's kind of data set. */
    readonly data: string;
    readonly exercises: readonly string[];
    /**
     * Yields the items of the lesson, or of the solution that the option values select. Throws the same
     * errors as `DataKind.open()`.
     */
    items(values: Values<Options>, env: Env): Promise<Many<Item>>;
  };
}

/** Whether a pipeline is a lesson. */
export function isLesson(pipeline: object): pipeline is LessonPipeline {
  return "lesson" in pipeline;
}

/** Options that --help of a lesson leaves to --help all. */
const seldom: ReadonlySet<string> = new Set(["quiet", "json", "color"]);

/** Declares a lesson. The types of its values are inferred from its options. */
export function lesson<O extends Options, D extends LessonData>(l: Lesson<O, D>): LessonPipeline {
  const options = withRequirements({ ...optionsOf(l), ...l.options }, l);
  const { part, module, lecture, next, about, short, data, exercises } = l;
  const spares: readonly SparedOption[] = ["logEvery", ...l.spares ?? []];
  // The values have the same names as `options`, but the compiler cannot infer that.
  const valuesOf = (values: Values<Options>): Values<O> & LessonValues =>
    ({ source: null, full: false, solution: null, ...values }) as Values<O> & LessonValues;
  const items = async (values: Values<Options>, env: Env): Promise<Many<Item>> => {
    const o = valuesOf(values);
    const data = await l.data.open(o.source);
    const reasonToDiffer: LessonEnv<D>["reasonToDiffer"] = ({ full = false } = {}) =>
      !data.isLectureData
        ? "other data"
        : env.seed !== l.seed
        ? "another seed"
        : full && l.short !== null && !o.full
        ? "a shortened run"
        : null;
    const whole: LessonEnv<D> = { ...env, data, reasonToDiffer };
    await l.refuse?.(o, whole);
    return paced(counted(o.solution === null ? lessonItems(l, o, whole) : solutionItems(l, o, whole)));
  };
  return {
    ...pipeline({
      about,
      writes: false, // a lesson is not resumed but run again
      options,
      examples: [
        { does: "run the lesson", typed: "" },
        ...(short === null ? [] : [{ does: "run it at the lecture's length", typed: "--full" }]),
        ...Object.keys(exercises).slice(0, 1).map((name) => ({
          does: "run our solution of an exercise, once you have tried",
          typed: `--solution ${name}`,
        })),
        ...(data.about === null
          ? [{ does: "see whether another seed shows the same", typed: "--seed 2" }]
          : [{ does: "run it on your own data", typed: `--source ${data.name}.txt` }]),
      ].slice(0, 3),
      often: Object.keys({ ...optionsOf(l), ...l.options, out: null }).filter((name) =>
        !seldom.has(name) && !spares.some((spared) => spared === name)
      ),
      spares,
      workersFor: "engine",
      async build(values, env) {
        const o = valuesOf(values), pieces = await items(values, env);
        return from(asSource("lesson", () => pieces)).pipe(print(o, env)).pipe(
          page({ about, module, next, values: o, env }),
        );
      },
      finish: (_values, env) => ({
        results: [],
        hints: [
          `Report: ${env.out}/report.html`,
          next === null
            ? "All lessons: deno task pipeline lessons"
            : `Next lesson: deno task pipeline ${next}`,
        ],
      }),
    }),
    lesson: { part, lecture, next, data: data.name, exercises: Object.keys(exercises), items },
  };
}

/**
 * Yields the same items, and lets the event loop run between them so that Ctrl-C and the terminal respond.
 */
async function* paced(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  let lastTurn = performance.now();
  for await (const item of items) {
    yield item;
    if (performance.now() - lastTurn < 20) continue; // milliseconds
    await new Promise((done) => setTimeout(done));
    lastTurn = performance.now();
  }
}

/**
 * Yields the same items, and at the end the numbers of checks and claims. Before the first check that is not
 * compared with the lecture's value, it says why, once for each reason.
 */
async function* counted(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  const results: Item[] = [], told = new Set<string>();
  for await (const item of items) {
    if (item.kind === "check" && typeof item.mayDiffer === "string" && !told.has(item.mayDiffer)) {
      told.add(item.mayDiffer);
      yield say(
        `Values marked \`·\` stand beside the lecture's but are not compared, because of ${item.mayDiffer}.`,
      );
    }
    if (item.kind === "check" || item.kind === "claim") results.push(item);
    yield item;
  }
  yield tallyOf(results);
}

/** Yields the items of a lesson, from its introduction to its exercises. */
async function* lessonItems<O extends Options, D extends LessonData>(
  l: Lesson<O, D>,
  o: Values<O> & LessonValues,
  env: LessonEnv<D>,
): AsyncGenerator<Item> {
  yield { kind: "lecture", ...l.lecture };
  if (l.short !== null && !o.full && !l.short.unless?.(o)) {
    yield say(`This is a shortened run: ${l.short.text}. Add \`--full\` for the lecture's length.`);
  }
  yield say(`Data: ${env.data.name}.`);
  yield* l.run(o, env);
  yield heading("Exercises");
  for (const [name, { ask }] of Object.entries(l.exercises)) yield say(`\`${name}\`: ${ask}`);
  const first = Object.keys(l.exercises)[0];
  if (first !== undefined) {
    yield say(`Our solutions: \`--solution ${first}\` and so on, once you have tried.`);
  }
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
  const group = "Lesson", exercises = Object.keys(l.exercises);
  return {
    ...(l.data.about !== null &&
      { source: path(l.data.about, { value: null, group, placeholder: "FILE", stored: "files" }) }),
    ...(l.short !== null &&
      { full: flag(`the lecture's length instead of ${l.short.text}`, { value: false, group }) }),
    ...(exercises.length > 0 && {
      solution: oneOf<string>("exercise whose solution is run instead of the lesson", {
        value: null,
        group,
        choices: exercises,
      }),
    }),
    seed: { ...runOptions.seed, value: l.seed, fixed: false },
    device: runOptions.device,
    workers: runOptions.workers,
    blas: runOptions.blas,
    tune: runOptions.tune,
    quiet: runOptions.quiet,
    json: runOptions.json,
    color: runOptions.color,
  };
}

/** Options that choose and set up the device of a run. */
const ofDevice: readonly string[] = ["device", "workers", "blas", "tune"];

/** Adds to the options what they need to act: no `--solution` that does not use them. */
function withRequirements<O extends Options, D extends LessonData>(
  options: Options,
  { exercises, fullRequires, options: own }: Lesson<O, D>,
): Options {
  const names = Object.keys(exercises);
  const depends = (name: string) =>
    Object.hasOwn(own, name) || ["source", "full", "seed", ...ofDevice].includes(name);
  const required = (name: string, option: Option<unknown>): Option<unknown> => {
    if (!depends(name) || names.length === 0) return option;
    const used = ofDevice.includes(name) ? "device" : name;
    const using = names.filter((exercise) => exercises[exercise].uses.includes(used));
    const ofSolution: OptionRequirement = {
      option: "solution",
      accepts: (solution) => solution === null || using.includes(String(solution)),
      typed: ["the lesson itself", ...using.map((name) => `--solution ${name}`)].join(" or "),
    };
    const others = name === "full" && fullRequires !== undefined ? [fullRequires] : [];
    return { ...option, requires: [ofSolution, ...others, ...requirementsOf(option)] };
  };
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, required(name, option)]),
  );
}
