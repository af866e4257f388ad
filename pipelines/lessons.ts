/**
 * The lessons in the order of the course, and the lectures' figures beside ours.
 *
 * @module
 */
import { asSource } from "../stages/flow/as_source.ts";
import { from } from "../stages/flow/flow.ts";
import { map, type Stage } from "../stages/flow/stage.ts";
import { loadPipeline, type NamedPipeline, pipelineNames } from "./cli/catalogue.ts";
import { flag, list, path } from "./cli/option_types.ts";
import { runOptions } from "./cli/run_options.ts";
import { type Env, pipeline, type Values } from "./cli/pipeline.ts";
import { type Check, type Item, shown, tolerance, verdictOf } from "./lesson/item.ts";
import type { LessonPipeline } from "./lesson/lesson.ts";

/** A lesson under the name that it is typed by. */
interface NamedLesson extends NamedPipeline {
  readonly pipeline: LessonPipeline;
}

/** A check, and where it was made. */
interface Row {
  readonly lesson: string;
  readonly check: Check;
}

const group = "Lessons";
const { quiet, json, color, device, workers, blas, tune } = runOptions;

const options = {
  figures: flag(
    "run all lessons and their solutions, and print the lectures' figures beside ours as a table in Markdown",
    {
      value: false,
      group,
    },
  ),
  full: flag("with --figures: the lectures' own lengths; hours on two cores", { value: false, group }),
  names: path("with --figures: the lectures' names.txt, for the lessons that learn from names", {
    value: null,
    group,
    placeholder: "FILE",
  }),
  text: path("with --figures: tinyshakespeare, for the lessons that learn from a text", {
    value: null,
    group,
    placeholder: "FILE",
  }),
  article: path("with --figures: minbpe's taylorswift.txt, for the lesson on tokenizers", {
    value: null,
    group,
    placeholder: "FILE",
  }),
  lesson: list("with --figures: these lessons only", { value: null, group, placeholder: "NAME,NAME,…" }),
  ...{ quiet, json, color, device, workers, blas, tune },
};

export default pipeline({
  about: "the lessons of the course in their order; --figures: the lectures' figures beside ours",
  writes: false,
  options,
  async build(o, env) {
    const lessons = await lessonsIn(new URL("./", import.meta.url));
    const stranger = o.lesson?.find((name) => !lessons.some((one) => one.name === name));
    if (stranger !== undefined) {
      throw new RangeError(
        `Unknown lesson ${stranger}: expected some of ${lessons.map(({ name }) => name).join(", ")}`,
      );
    }
    const chosen = lessons.filter(({ name }) => o.lesson?.includes(name) ?? true);
    const source = from(asSource("lessons", () => chosen));
    return o.figures
      ? source.pipe(teach(o, env)).pipe(printRows(env))
      : source.pipe(map("list", (lesson: NamedLesson) => env.print(entryOf(lesson))));
  },
});

/** The lessons of a folder of pipelines, in the order of the course. */
async function lessonsIn(folder: URL): Promise<NamedLesson[]> {
  const found: NamedLesson[] = [];
  for (const name of await pipelineNames(folder)) {
    if (name === "lessons") continue; // this file
    const { pipeline } = await loadPipeline(folder, name);
    if (isLesson(pipeline)) found.push({ name, pipeline });
  }
  return found.sort((a, b) => a.pipeline.lesson.part - b.pipeline.lesson.part);
}

function isLesson(pipeline: NamedPipeline["pipeline"]): pipeline is LessonPipeline {
  return "lesson" in pipeline;
}

function entryOf({ name, pipeline: { about, lesson } }: NamedLesson): string {
  const exercises = lesson.exercises.length === 0 ? "" : `; exercises ${lesson.exercises.join(" ")}`;
  return `${lesson.part}. ${name}: ${about}${exercises}\n   deno task pipeline ${name}\n`;
}

/** Runs a lesson and its solutions, and gives their checks. */
function teach(o: Values<typeof options>, env: Env): Stage<NamedLesson, Row> {
  return {
    name: "teach",
    open: () => null,
    async *push({ name, pipeline: { options, lesson } }, _state, ctx) {
      const given = new Map([["names", o.names], ["text", o.text], ["article", o.article]]);
      const source = given.get(lesson.data) ?? null;
      const defaults = Object.fromEntries(Object.entries(options).map(([key, { value }]) => [key, value]));
      for (const solution of [null, ...lesson.exercises]) {
        ctx.emit({ type: "note", text: solution === null ? name : `${name} --solution ${solution}` });
        const values = { ...defaults, source, full: o.full, solution };
        const items: Iterable<Item> | AsyncIterable<Item> = await lesson.items(values, {
          ...env,
          seed: Number(options.seed.value),
        });
        for await (const item of items) {
          ctx.signal.throwIfAborted();
          if (item.kind === "check") {
            yield { lesson: solution === null ? name : `${name} ${solution}`, check: item };
          }
          if (ctx.stopping) return;
        }
      }
    },
  };
}

/** Rows of a table in Markdown; fails at the end where one differs. */
function printRows(env: Env): Stage<Row, never, { differ: string[] }> {
  return {
    name: "table",
    open() {
      env.print("| lesson | figure | lecture | ours | |\n|---|---|---:|---:|---|\n");
      return { differ: [] };
    },
    push({ lesson, check }, { differ }) {
      const { name, ours, lecture, within = 0, unless } = check;
      const verdict = verdictOf(check);
      if (verdict === "differs") differ.push(`${lesson}: ${name}`);
      const cells = [
        lesson,
        name,
        shown(lecture, within) + tolerance(check),
        shown(ours, within),
        verdict === "not compared" ? `not compared: ${unless}` : verdict,
      ];
      env.print(`| ${cells.map((cell) => cell.replaceAll("|", "\\|").replace(/\s+/g, " ")).join(" | ")} |\n`);
      return [];
    },
    *flush({ differ }) {
      if (differ.length > 0) {
        throw new Error(`${differ.length} figures differ from the lectures': ${differ.join("; ")}`);
      }
    },
  };
}
