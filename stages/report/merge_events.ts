/**
 * The events of several processes that shared a run's work, as those of one.
 *
 * @module
 */
import type { RunEvent, StageEvent, SurveyEvent } from "../flow/events.ts";
import { joinLengths } from "../flow/lengths.ts";

const domainsTold = 200; // as a survey tells

/**
 * One event for each stage and each look at the documents, in the order of the flow: counts and seconds added up over
 * the processes, each given as the lines of its metrics.jsonl. Domains that a process did not tell of are missed at most
 * as often as its rarest.
 */
export function mergeEvents(processes: readonly (readonly RunEvent[])[]): (StageEvent | SurveyEvent)[] {
  const merged = new Map<string, StageEvent | SurveyEvent>();
  for (const events of processes) {
    for (const [key, event] of standing(events)) {
      const so = merged.get(key);
      if (so === undefined) merged.set(key, event);
      else if (so.type === "stage" && event.type === "stage") merged.set(key, sumOfStages(so, event));
      else if (so.type === "survey" && event.type === "survey") merged.set(key, sumOfSurveys(so, event));
    }
  }
  return [...merged.values()].map((event) =>
    event.type === "survey" ? { ...event, domains: top(event.domains) } : event
  );
}

/** What the last events of one process say; seconds, which begin again with each sitting, added up. */
function standing(events: readonly RunEvent[]): Map<string, StageEvent | SurveyEvent> {
  const last = new Map<string, StageEvent | SurveyEvent>();
  const before = new Map<string, StageEvent>();
  for (const event of events) {
    if (event.type === "run") {
      for (const [key, one] of last) if (one.type === "stage") before.set(key, one);
    } else if (event.type === "stage") {
      const key = `stage ${event.name}`;
      const { busy = 0, blocked = 0 } = before.get(key) ?? {};
      last.set(key, { ...event, busy: event.busy + busy, blocked: event.blocked + blocked });
    } else if (event.type === "survey") {
      const domains = Object.values(event.domains);
      const untold = domains.length < domainsTold ? 0 : Math.min(...domains);
      last.set(`survey ${event.name}`, { ...event, domainsMissed: event.domainsMissed + untold });
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

type Counted = Readonly<Record<string, number>>;

function sums(a: Counted, b: Counted): Counted {
  const all: Record<string, number> = { ...a };
  for (const [kind, count] of Object.entries(b)) all[kind] = (all[kind] ?? 0) + count;
  return all;
}

function top(counts: Counted): Counted {
  return Object.fromEntries(
    Object.entries(counts).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, domainsTold),
  );
}
