/**
 * Merges the events of several processes that worked on one run.
 *
 * @module
 */
import type { GraphEvent, GraphStage, RunEvent, StageEvent, SurveyEvent } from "../flow/events.ts";
import { joinLengths } from "../flow/lengths.ts";

const listedDomains = 200; // maximum length of a survey's list of domains

/**
 * Returns one event for each stage and each survey, in the order of the flow, with counts and seconds added
 * up over the processes. Each process is given as the events of its metrics.jsonl. A domain that a process
 * did not list occurred in that process at most as often as the rarest domain that it listed; `domainsMissed`
 * is increased by the count of this rarest domain.
 */
export function mergeEvents(processes: readonly (readonly RunEvent[])[]): (StageEvent | SurveyEvent)[] {
  const merged = new Map<string, StageEvent | SurveyEvent>();
  for (const events of processes) {
    for (const [key, event] of finalEvents(events)) {
      const sum = merged.get(key);
      if (sum === undefined) merged.set(key, event);
      else if (sum.type === "stage" && event.type === "stage") merged.set(key, sumOfStages(sum, event));
      else if (sum.type === "survey" && event.type === "survey") merged.set(key, sumOfSurveys(sum, event));
    }
  }
  return [...merged.values()].map((event) =>
    event.type === "survey" ? { ...event, domains: top(event.domains) } : event
  );
}

/**
 * Returns one graph for a run in several steps, each given as the events of one of its processes: the stages
 * of a step follow the last stage of the step before. Steps without a graph are left out; null if none has
 * one.
 */
export function joinGraphs(steps: readonly (readonly RunEvent[])[]): GraphEvent | null {
  const stages: GraphStage[] = [];
  for (const events of steps) {
    const graph = events.findLast((event) => event.type === "graph"), end = stages.at(-1)?.name ?? null;
    stages.push(...graph?.stages.map((stage) => ({ ...stage, after: stage.after ?? end })) ?? []);
  }
  return stages.length === 0 ? null : { type: "graph", stages };
}

/**
 * Returns the last event of every stage and of every survey in the events of one process. A stage event
 * counts seconds of work and of waiting from the last resume on, so the seconds counted before each resume
 * are added.
 */
function finalEvents(events: readonly RunEvent[]): Map<string, StageEvent | SurveyEvent> {
  const last = new Map<string, StageEvent | SurveyEvent>();
  const beforeResume = new Map<string, StageEvent>();
  for (const event of events) {
    if (event.type === "run") {
      for (const [key, one] of last) if (one.type === "stage") beforeResume.set(key, one);
    } else if (event.type === "stage") {
      const key = `stage ${event.name}`;
      const { busy = 0, blocked = 0 } = beforeResume.get(key) ?? {};
      last.set(key, { ...event, busy: event.busy + busy, blocked: event.blocked + blocked });
    } else if (event.type === "survey") {
      const domains = Object.values(event.domains);
      const unlisted = domains.length < listedDomains ? 0 : Math.min(...domains);
      last.set(`survey ${event.name}`, { ...event, domainsMissed: event.domainsMissed + unlisted });
    }
  }
  return last;
}

function sumOfStages(a: StageEvent, b: StageEvent): StageEvent {
  const lengths = joinLengths(a.lengths, b.lengths);
  return {
    ...a,
    in: a.in + b.in,
    out: a.out + b.out,
    dropped: sums(a.dropped, b.dropped),
    busy: a.busy + b.busy,
    blocked: a.blocked + b.blocked,
    ...(lengths && { lengths }),
  };
}

function sumOfSurveys(a: SurveyEvent, b: SurveyEvent): SurveyEvent {
  const bins = Math.max(a.lengths.length, b.lengths.length);
  return {
    ...a,
    documents: a.documents + b.documents,
    characters: a.characters + b.characters,
    tokens: a.tokens + b.tokens,
    lengths: Array.from({ length: bins }, (_, i) => (a.lengths[i] ?? 0) + (b.lengths[i] ?? 0)),
    languages: sums(a.languages, b.languages),
    domains: sums(a.domains, b.domains),
    domainsMissed: a.domainsMissed + b.domainsMissed,
    withoutUrl: a.withoutUrl + b.withoutUrl,
  };
}

type Counts = Readonly<Record<string, number>>;

function sums(a: Counts, b: Counts): Counts {
  const all: Record<string, number> = { ...a };
  for (const [kind, count] of Object.entries(b)) all[kind] = (all[kind] ?? 0) + count;
  return all;
}

/** Returns the most frequent entries, at most as many as a survey lists. */
function top(counts: Counts): Counts {
  return Object.fromEntries(
    Object.entries(counts).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, listedDomains),
  );
}
