/**
 * report.html: a page that contains everything it needs, so that it opens from disk without network access.
 * uPlot (MIT), which draws the curves, is copied into the page from the installed package.
 *
 * @module
 */
import uPlotScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uPlotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import uPlotPackage from "uplot/package.json" with { type: "json" };
import type { Json } from "../flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../flow/events.ts";
import { measuredFields } from "../flow/event_json.ts";
import { wordsLine } from "./event_lines.ts";
import { jsonInHtml } from "./json_in_html.ts";
import { whyBitsApart } from "./compared_bits.ts";
import { type ComparedRun, lossCharts } from "./comparable.ts";
import baseStyle from "./base.css" with { type: "text" };
import { pageFrom } from "./page_policy.ts";
import page from "./page/page.html" with { type: "text" };
import pageStyle from "./page/page.css" with { type: "text" };
import { pageModules } from "./page/modules.ts";
import type { RemovedSample } from "./removed_samples.ts";
import { RunDigest, type StepCounts } from "./run_digest.ts";
import { type RunStats, runStats } from "./run_stats.ts";

/** The data of the page. */
export interface ReportInput {
  /** Events of the run, from its metrics.jsonl. */
  readonly events: readonly RunEvent[];
  /** Options of the run, for the table at the end. */
  readonly options: Readonly<Record<string, Json>>;
  /** Samples of dropped documents (default: none). */
  readonly removed?: readonly RemovedSample[];
  /** Title of the page (default: the pipeline's name). */
  readonly title?: string;
  /** Identity of the run's tokenizer (default: it is not known); used only beside `others`. */
  readonly tokenizer?: string | undefined;
  /**
   * Other runs, whose curves are drawn in the same plots (default: none). Losses share a plot only where they
   * compare: see `lossCharts`.
   */
  readonly others?: readonly ComparedRun[];
  /** Content of the run's config.json: device, versions, what has changed (default: not shown). */
  readonly record?: Readonly<Record<string, Json>>;
  /** Options of all runs, this one first, for a table of what differs (default: no table). */
  readonly compared?: readonly Readonly<Record<string, Json>>[];
}

/** A run as pages show it. */
export interface PageRun {
  readonly name: string;
  /** Events that a `RunDigest` has kept. */
  readonly events: readonly RunEvent[];
  /** Its counts of steps. */
  readonly counts: StepCounts;
  readonly options: Readonly<Record<string, Json>>;
  readonly removed: readonly RemovedSample[];
  readonly tokenizer: string | undefined;
  /** Content of config.json; empty if it is not known. */
  readonly record: Readonly<Record<string, Json>>;
}

/** What a page needs in order to follow runs. */
export interface LivePage {
  readonly token: string;
  /** The runs that the page shows, and the lines that it contains already. */
  readonly runs: readonly {
    readonly name: string;
    readonly lines: number;
    readonly epoch: number;
    /** Seconds since the run's last line; null if it is not known. */
    readonly quiet: number | null;
  }[];
  /** Names of all runs that pages can show. */
  readonly all: readonly string[];
  /** Whether the page may ask the run for a checkpoint or to stop. */
  readonly acts: boolean;
}

/**
 * Returns the page's HTML.
 *
 * @example
 * ```ts
 * import { reportPage } from "@stagewise/gpt";
 *
 * const losses = [5.5, 5.1, 4.8];
 * const events = losses.map((valLoss, step) => ({ type: "eval", step, valLoss } as const));
 * const html = reportPage({ title: "My run", events, options: { lr: 0.001 } });
 * await Deno.writeTextFile(`${await Deno.makeTempDir()}/report.html`, html);
 * ```
 */
export function reportPage(input: ReportInput): string {
  const { title = "", tokenizer, others = [], options, removed = [], record = {}, compared = [] } = input;
  const digested = (all: readonly RunEvent[]) => {
    const digest = RunDigest.of(all);
    return { events: digest.events(), counts: digest.counts };
  };
  const runs: PageRun[] = [
    { name: title, ...digested(input.events), options, removed, tokenizer, record },
    ...others.map(({ name, events, tokenizer }) => ({
      name,
      ...digested(events),
      options: {},
      removed: [],
      tokenizer,
      record: {},
    })),
  ];
  return pageOf({ ...dataOf(runs), options, compared, live: null });
}

/** Returns the page of runs that have been digested, which follows them if `live` says how. */
export function reportPageOf(
  runs: readonly PageRun[],
  { live }: { readonly live: LivePage | null },
): string {
  const compared = runs.length > 1 ? runs.map(({ options }) => options) : [];
  return pageOf({ ...dataOf(runs), compared, live });
}

/** Returns what pages show of runs besides single events; it is computed anew as the runs go on. */
export function stateOf(runs: readonly PageRun[]): {
  readonly lossCharts: ReturnType<typeof lossCharts>;
  /** Why bits per byte of the runs do not compare; null if they do. */
  readonly bitsApart: string | null;
  readonly words: string;
  readonly removed: readonly RemovedSample[];
  /** Options and record of a single run, which a page may have been opened before. */
  readonly options: Readonly<Record<string, Json>>;
  readonly record: Readonly<Record<string, Json>>;
} & RunStats {
  const [first] = runs, events = runs.length === 1 ? first.events : [];
  const words = events.findLast(({ type }) => type === "words");
  return {
    lossCharts: lossCharts(runs),
    bitsApart: whyBitsApart(runs),
    ...runStats(events),
    words: words?.type === "words" ? wordsLine(words) : "",
    removed: runs.length === 1 ? first.removed : [],
    options: runs.length === 1 ? first.options : {},
    record: runs.length === 1 ? withoutOptions(first.record) : {},
  };
}

function dataOf(runs: readonly PageRun[]): Record<string, unknown> {
  const [first, ...others] = runs;
  return {
    title: first?.name ?? "",
    events: first === undefined
      ? []
      : first.events.filter(others.length === 0 ? isDrawn : isCompared).map(withoutDigits),
    counts: first?.counts,
    others: others.map(({ name, events, counts }) => ({
      name,
      events: events.filter(isCompared).map(withoutDigits),
      counts,
    })),
    ...stateOf(runs),
    now: runs.length === 1 ? first.events.filter(({ type }) => type === "stage") : [],
  };
}

function pageOf(data: Readonly<Record<string, unknown>>): string {
  const parts: Readonly<Record<string, string>> = {
    "plot-style": uPlotStyle.replace(/<\/style/gi, "<\\/style"),
    "plot-script": `/* uPlot ${uPlotPackage.version}, MIT, Copyright (c) 2022 Leon Sorokin */${
      uPlotScript.replace(/<\/script/gi, "<\\/script")
    }`,
    "base-style": baseStyle,
    "page-style": pageStyle,
    "modules": pageModules(),
    "measured-fields": measuredFields.join(" "),
  };
  return pageFrom(page, {
    parts,
    data: { run: jsonInHtml(data) },
    ...(data.live !== null && { connects: "'self'" }),
  });
}

/** Kinds of events that pages get as sums, or not at all. */
const undrawn: ReadonlySet<string> = new Set(["stage", "survey", "words"]);

/** Kinds of events that pages of several runs draw. */
const compared: ReadonlySet<string> = new Set(["run", "step", "eval", "hellaswag", "task", "done"]);

function isCompared({ type }: RunEvent): boolean {
  return compared.has(type);
}

function isDrawn({ type }: RunEvent): boolean {
  return !undrawn.has(type);
}

/** Returns a step with seven digits of each number, since more would only make a page larger. */
function withoutDigits(event: RunEvent): RunEvent {
  if (event.type !== "step") return event;
  // A file of an earlier version may lack a field.
  const short = (value: number) => typeof value === "number" ? Number(value.toPrecision(7)) : value;
  const { loss, gradNorm, lr, tokensPerSecond, elapsed } = event;
  return {
    ...event,
    loss: short(loss),
    gradNorm: short(gradNorm),
    lr: short(lr),
    tokensPerSecond: short(tokensPerSecond),
    elapsed: short(elapsed),
  };
}

function withoutOptions({ options: _, ...record }: Readonly<Record<string, Json>>): Record<string, Json> {
  return record;
}
