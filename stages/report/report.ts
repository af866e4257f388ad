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
import type { InspectEvent, RunEvent, TensorStats } from "../flow/events.ts";
import { measuredFields } from "../flow/event_json.ts";
import { wordsLine } from "./event_lines.ts";
import { jsonInHtml } from "./json_in_html.ts";
import { type ComparedRun, lossCharts } from "./comparable.ts";
import baseStyle from "./base.css" with { type: "text" };
import { pageFrom } from "./page_policy.ts";
import page from "./page.html" with { type: "text" };
import dataScript from "./page_data.js" with { type: "text" };
import inspectScript from "./page_inspect.js" with { type: "text" };
import type { RemovedSample } from "./removed_samples.ts";
import { runStats } from "./run_stats.ts";

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
}

const mostSteps = 4000; // points of a curve: more points than pixels would only make the page larger

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
  const words = input.events.findLast(({ type }) => type === "words");
  const { title = "", events, tokenizer, others = [] } = input;
  const run = {
    title,
    events: shown(events),
    others: others.map(({ name, events }) => ({ name, events: shown(events) })),
    lossCharts: lossCharts([{ name: title, events, tokenizer }, ...others]),
    ...runStats(input.events),
    words: words?.type === "words" ? wordsLine(words) : "",
    removed: input.removed ?? [],
    options: input.options,
  };
  const parts: Readonly<Record<string, string>> = {
    "plot-style": uPlotStyle.replace(/<\/style/gi, "<\\/style"),
    "plot-script": `/* uPlot ${uPlotPackage.version} */${uPlotScript.replace(/<\/script/gi, "<\\/script")}`,
    "base-style": baseStyle,
    "data-script": dataScript,
    "inspect-script": inspectScript,
    "measured-fields": measuredFields.join(" "),
  };
  return pageFrom(page, { parts, data: { run: jsonInHtml(run) } });
}

/** Returns the events that the page draws, without details that it does not show. */
function shown(events: readonly RunEvent[]): RunEvent[] {
  const drawn = events.filter(({ type }) => !["stage", "survey", "note", "words"].includes(type));
  const last = drawn.findLast(({ type }) => type === "inspect");
  return thinned(drawn).map((event) =>
    event.type === "inspect" && event !== last ? withoutHistograms(event) : event
  );
}

function withoutHistograms({ embedding: _, ...event }: InspectEvent): InspectEvent {
  const bare = <T extends TensorStats>(stats: T): T => ({
    ...stats,
    histogram: { from: 0, to: 0, counts: [] },
  });
  return {
    ...event,
    activations: event.activations.map(({ gradient, ...stats }) => ({
      ...bare(stats),
      ...(gradient && { gradient: bare(gradient) }),
    })),
    parameters: event.parameters.map((stats) => ({ ...bare(stats), gradient: bare(stats.gradient) })),
  };
}

/** Keeps every k-th step and the last one, so that about `mostSteps` remain, and all other events. */
function thinned(events: readonly RunEvent[]): RunEvent[] {
  const steps = events.filter((event) => event.type === "step");
  const every = Math.ceil(steps.length / mostSteps);
  if (every <= 1) return [...events];
  const kept = new Set<RunEvent>(steps.filter((_, i) => i % every === 0 || i === steps.length - 1));
  return events.filter((event) => event.type !== "step" || kept.has(event));
}
