/**
 * Lists the lessons in the order of the course, or runs them all and compares their values with the
 * lectures'.
 *
 * @module
 */
import { asSource } from "../stages/flow/as_source.ts";
import { from } from "../stages/flow/flow.ts";
import { map, type Stage } from "../stages/flow/stage.ts";
import { loadPipeline, type NamedPipeline, pipelineNames } from "./cli/catalogue.ts";
import { flag, list, path } from "./cli/option_types.ts";
import { runOptions } from "./cli/run_options.ts";
import { type Env, type OptionRequirement, pipeline, type Values } from "./cli/pipeline.ts";
import {
  type Check,
  type ClaimItem,
  type Item,
  outcomeOf,
  shown,
  tallyOf,
  tallyText,
  tolerance,
} from "./lesson/item.ts";
import { isLesson, type LessonPipeline } from "./lesson/lesson.ts";
import { checkReadable } from "../stages/disk/files.ts";

/** A lesson and its name on the command line. */
interface NamedLesson extends NamedPipeline {
  readonly pipeline: LessonPipeline;
}

/** A check or claim, and the lesson that made it. */
interface Row {
  readonly lesson: string;
  readonly result: Check | ClaimItem;
}

const group = "Lessons";
const comparing: OptionRequirement = { option: "figures", accepts: Boolean, typed: "--figures" };
const { quiet, json, color, device, workers, blas, tune } = runOptions;

const options = {
  figures: flag(
    "run all lessons and solutions, and print a Markdown table of the lectures' values beside ours and of the lessons' claims",
    {
      value: false,
      group,
    },
  ),
  full: flag("with --figures: the lectures' full lengths; takes hours on two cores", {
    value: false,
    group,
    requires: comparing,
  }),
  names: path("with --figures: the lectures' names.txt, for lessons on names", {
    value: null,
    requires: comparing,
    group,
    placeholder: "FILE",
  }),
  text: path("with --figures: tinyshakespeare, for lessons on text", {
    value: null,
    requires: comparing,
    group,
    placeholder: "FILE",
  }),
  article: path("with --figures: minbpe's taylorswift.txt, for the tokenizer lesson", {
    value: null,
    requires: comparing,
    group,
    placeholder: "FILE",
  }),
  lesson: list("with --figures: run these lessons only", {
    value: null,
    group,
    placeholder: "NAME,NAME,…",
    requires: comparing,
  }),
  ...{ quiet, json, color },
  device: { ...device, requires: comparing },
  workers: { ...workers, requires: comparing },
  blas: { ...blas, requires: comparing },
  tune: { ...tune, requires: comparing },
};

export default pipeline({
  about: "list the lessons of the course; --figures compares their values with the lectures'",
  writes: false,
  options,
  examples: [
    { does: "list the lessons", typed: "" },
    { does: "compare the values of one lesson with the lecture's", typed: "--figures --lesson micrograd" },
    {
      does: "compare all lessons at the lectures' lengths, on the lectures' names",
      typed: "--figures --full --names names.txt",
    },
  ],
  often: ["figures", "full", "lesson", "names", "text", "article"],
  spares: ["out", "seed", "logEvery"],
  workersFor: "engine",
  async build(o, env) {
    const lessons = await lessonsIn(new URL("./", import.meta.url));
    const unknown = o.lesson?.find((name) => !lessons.some((one) => one.name === name));
    if (unknown !== undefined) {
      throw new RangeError(
        `Unknown lesson ${unknown}: expected some of ${lessons.map(({ name }) => name).join(", ")}`,
      );
    }
    for (const path of [o.names, o.text, o.article]) if (path !== null) await checkReadable(path);
    const chosen = lessons.filter(({ name }) => o.lesson?.includes(name) ?? true);
    const source = from(asSource("lessons", () => chosen));
    return o.figures
      ? source.pipe(teach(o, env)).pipe(printRows(env))
      : source.pipe(map("list", (lesson: NamedLesson) => env.print(entryOf(lesson))));
  },
});

/** Returns the lessons among a folder's pipelines, in the order of the course. */
async function lessonsIn(folder: URL): Promise<NamedLesson[]> {
  const found: NamedLesson[] = [];
  for (const name of await pipelineNames(folder)) {
    if (name === "lessons") continue; // this file
    const { pipeline } = await loadPipeline(folder, name);
    if (isLesson(pipeline)) found.push({ name, typed: name, pipeline });
  }
  return found.sort((a, b) => a.pipeline.lesson.part - b.pipeline.lesson.part);
}

function entryOf({ name, pipeline: { about, lesson } }: NamedLesson): string {
  const exercises = lesson.exercises.length === 0 ? "" : `; exercises ${lesson.exercises.join(" ")}`;
  return `${lesson.part}. ${name}: ${about}${exercises}\n   deno task pipeline ${name}\n`;
}

/** Runs a lesson and its solutions, and yields their checks and claims. */
function teach(o: Values<typeof options>, env: Env): Stage<NamedLesson, Row> {
  return {
    name: "teach",
    open: () => null,
    async *push({ name, pipeline: { options, lesson } }, _state, ctx) {
      const sources = new Map([["names", o.names], ["text", o.text], ["article", o.article]]);
      const source = sources.get(lesson.data) ?? null;
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
          if (item.kind === "check" || item.kind === "claim") {
            yield { lesson: solution === null ? name : `${name} ${solution}`, result: item };
          }
          if (ctx.stopping) return;
        }
      }
    },
  };
}

/**
 * Prints the rows of a Markdown table, and below it the numbers of checks and claims. Throws Error at the end
 * if a value differs from the lecture's. A claim that does not hold is a result, not an error.
 */
function printRows(env: Env): Stage<Row, never, { differ: string[]; results: Item[] }> {
  return {
    name: "table",
    open() {
      env.print("| lesson | figure or claim | lecture | ours | |\n|---|---|---:|---:|---|\n");
      return { differ: [], results: [] };
    },
    push({ lesson, result }, { differ, results }) {
      results.push(result);
      if (result.kind === "check" && outcomeOf(result) === "differs") {
        differ.push(`${lesson}: ${result.name}`);
      }
      const cells = [lesson, ...(result.kind === "check" ? checkCells(result) : claimCells(result))];
      env.print(`| ${cells.map((cell) => cell.replaceAll("|", "\\|").replace(/\s+/g, " ")).join(" | ")} |\n`);
      return [];
    },
    *flush({ differ, results }) {
      env.print(`\n${tallyText(tallyOf(results))}\n`);
      if (differ.length > 0) {
        throw new Error(`${differ.length} values differ from the lectures': ${differ.join("; ")}`);
      }
    },
  };
}

function checkCells(check: Check): string[] {
  const { name, ours, lecture, within = 0, mayDiffer } = check, outcome = outcomeOf(check);
  return [
    name,
    shown(lecture, within) + tolerance(check),
    shown(ours, within),
    outcome === "not compared" ? `not compared: ${mayDiffer}` : outcome,
  ];
}

function claimCells({ name, holds }: ClaimItem): string[] {
  return [`claim: ${name}`, "", "", holds ? "holds" : "does not hold"];
}
