/**
 * The pipeline `report`: writes the page of one run, or a page with the curves of several runs.
 *
 * @module
 */
import { asSource } from "../stages/flow/as_source.ts";
import type { Json } from "../stages/flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../stages/flow/events.ts";
import { from } from "../stages/flow/flow.ts";
import { tokenizerHash } from "../stages/report/live/live_run.ts";
import { readEvents } from "../stages/report/metrics.ts";
import { reportPage } from "../stages/report/report.ts";
import { repeatedPaths } from "./cli/option_types.ts";
import { pipeline } from "./cli/pipeline.ts";
import { comparedBits, type EvaluatedRun } from "./parts/compared_bits.ts";
import { runNames } from "./parts/run_names.ts";
import { writeWhole } from "../stages/disk/whole_files.ts";
import { readText } from "../stages/disk/files.ts";
import { claimPageFolder } from "../stages/run/claim.ts";

interface Run {
  readonly folder: string;
  readonly events: readonly RunEvent[];
  readonly options: Readonly<Record<string, Json>>;
  /** Hash of the run's tokenizer; undefined if it has none. */
  readonly tokenizer: string | undefined;
}

export default pipeline({
  about: "write the page of a run, or one page with the curves of several: report runs/a runs/b",
  writes: false,
  positional: "runs",
  examples: [
    { does: "write the page of a run anew", typed: "runs/fineweb-gpt2" },
    { does: "one page with the curves of two runs", typed: "runs/a runs/b" },
    { does: "the same in another folder", typed: "runs/a runs/b --out runs/compared" },
  ],
  often: ["runs", "out"],
  spares: ["seed", "device", "workers", "blas", "tune", "logEvery"],
  options: {
    runs: repeatedPaths("a run's folder; --runs may be left out", {
      value: [],
      group: "Report",
      placeholder: "DIR",
    }),
  },
  async build(o, env) {
    if (o.runs.length === 0) {
      throw new RangeError("No run to report on: give the folder of at least one run: report runs/a runs/b");
    }
    const runs = await Promise.all(o.runs.map(readRun));
    const page = `${env.out}/report.html`;
    return from(asSource("pages", () => [page])).pipe({
      name: "write",
      open: () => null,
      async *push(path: string) {
        using _claim = await claimPageFolder(env.out);
        await writeWhole(path, pageOf(runs));
        env.print(`Report: ${path}\n`);
        yield path;
      },
    });
  },
});

async function readRun(folder: string): Promise<Run> {
  const events = await readEvents(`${folder}/metrics.jsonl`);
  if (events.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot report on ${folder}: it has no metrics.jsonl with events: give a run's folder, such as runs/fineweb-gpt2`,
    );
  }
  const record = JSON.parse(await readText(`${folder}/config.json`).catch(() => "{}"));
  const tokenizer = await tokenizerHash(folder);
  return { folder, events, options: record.options ?? {}, tokenizer };
}

/**
 * Returns the page: a full report for a single run; for several runs, their curves and the options in which
 * they differ.
 */
function pageOf(runs: readonly Run[]): string {
  const [first, ...others] = runs;
  const { events, options } = first, names = runNames(runs.map(({ folder }) => folder));
  if (others.length === 0) return reportPage({ events, options, title: names[0] });
  return reportPage({
    events: events.filter(({ type }) => curveEvents.has(type)),
    title: names[0],
    tokenizer: first.tokenizer,
    others: others.map((run, i) => ({
      name: names[i + 1],
      tokenizer: run.tokenizer,
      events: run.events.filter(({ type }) => curveEvents.has(type)),
    })),
    compared: runs.map(({ options }) => options),
    options: {
      ...bitsRow([first, ...others].map(({ events }, i) => ({ name: names[i], events }))),
      ...differences([first, ...others], names),
    },
  });
}

function bitsRow(runs: readonly EvaluatedRun[]): Record<string, Json> {
  const bits = comparedBits(runs);
  return bits === null ? {} : { bitsPerByte: bits };
}

/** Types of the events that curves need. */
const curveEvents: ReadonlySet<string> = new Set(["run", "step", "eval", "hellaswag"]);

/** Returns options in which the runs differ, each with the values of all runs. */
function differences(runs: readonly Run[], names: readonly string[]): Record<string, Json> {
  const all = new Set(runs.flatMap(({ options }) => Object.keys(options)));
  const rows: [string, Json][] = [];
  for (const option of all) {
    const values = runs.map(({ options }) => JSON.stringify(options[option] ?? null));
    if (new Set(values).size > 1) {
      rows.push([
        option,
        values.map((value, i) => `${names[i]}: ${value}`).join(", "),
      ]);
    }
  }
  return Object.fromEntries(rows);
}
