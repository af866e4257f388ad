/**
 * What a page shows of a run's events, in bounded memory: a run of a million steps takes as much as one of a
 * few thousand.
 *
 * @module
 */
import type { InspectEvent, RunEvent, StepEvent, TensorStats } from "../flow/events.ts";
import { lttb } from "./lttb.ts";

/** Points of a curve: more points than pixels would only make a page larger. */
export const mostSteps = 4000;
/** Events of every other kind, such as samples: with twice as many, every other one is dropped. */
const mostOthers = 200;
/** Steps whose loss or gradient norm is NaN or infinite, which down-sampling would drop. */
const mostUnusual = 100;

/** Counts of the steps that need attention, all of them, and the numbers of those that are named. */
export interface StepCounts {
  /** Skipped updates. */
  readonly skipped: number;
  /** The last of them; null if there is none. */
  readonly lastSkipped: number | null;
  /** Steps whose loss or gradient norm is NaN or infinite. */
  readonly unusual: number;
  /** The first of them; null if there is none. */
  readonly firstUnusual: number | null;
}

/** An event of a kind that is thinned out by counting. */
interface KeptEvent {
  /** Number of the event among all events of the run. */
  readonly order: number;
  /** Number of the event among those of its kind. */
  readonly number: number;
  event: RunEvent;
}

/**
 * Collects a run's events. Steps are down-sampled by LTTB on loss and gradient norm; of stages and surveys,
 * the last event of each session is kept; of inspections, the histograms of the last one.
 */
export class RunDigest {
  #steps: StepEvent[] = [];
  #others: KeptEvent[] = [];
  readonly #kinds = new Map<string, { seen: number; stride: number; last: KeptEvent | null }>();
  readonly #cumulative = new Map<string, { order: number; event: RunEvent }>();
  #counts: StepCounts = { skipped: 0, lastSkipped: null, unusual: 0, firstUnusual: null };
  #session = 0;
  #order = 0;

  /** Makes a digest of events. */
  static of(events: Iterable<RunEvent>): RunDigest {
    const digest = new RunDigest();
    for (const event of events) digest.add(event);
    return digest;
  }

  /** Takes the next event. */
  add(event: RunEvent): void {
    const order = this.#order++;
    switch (event.type) {
      case "step":
        this.#steps.push(event);
        this.#counts = counted(this.#counts, event);
        if (this.#steps.length >= 2 * mostSteps) this.#steps = thinned(this.#steps);
        return;
      case "stage":
      case "survey": {
        const key = `${this.#session} ${event.type} ${event.name}`, known = this.#cumulative.get(key);
        if (known === undefined) this.#cumulative.set(key, { order, event });
        else known.event = event;
        return;
      }
      case "inspect":
        this.#dropHistograms();
        break;
      case "run":
        this.#session++;
        break;
      case "tokens":
        return; // the pages show none
    }
    this.#addOther(event, order);
  }

  /** Counts of all steps, kept or not. */
  get counts(): StepCounts {
    return this.#counts;
  }

  /**
   * Returns the kept events: at most 4,000 steps (and 100 that are NaN or infinite) after each other, and
   * the other events in their order.
   */
  events(): RunEvent[] {
    const others = [...this.#others, ...this.#cumulative.values()].toSorted((a, b) => a.order - b.order);
    const first = others.findIndex(({ event }) => event.type !== "run");
    const at = first < 0 ? others.length : first;
    const events = others.map(({ event }) => event);
    return [...events.slice(0, at), ...thinned(this.#steps), ...events.slice(at)];
  }

  /**
   * Keeps every `stride`-th event of a kind and the newest, so that those which are kept are equally dense at
   * the beginning and at the end of a run.
   */
  #addOther(event: RunEvent, order: number): void {
    const kind = this.#kinds.get(event.type) ?? { seen: 0, stride: 1, last: null };
    this.#kinds.set(event.type, kind);
    const { last } = kind, number = kind.seen++;
    if (last !== null && last.number % kind.stride !== 0) {
      this.#others.splice(this.#others.lastIndexOf(last), 1);
    }
    kind.last = { order, number, event };
    this.#others.push(kind.last);
    if (number < 2 * mostOthers * kind.stride) return;
    kind.stride *= 2;
    this.#others = this.#others.filter((one) =>
      one.event.type !== event.type || one === kind.last || one.number % kind.stride === 0
    );
  }

  #dropHistograms(): void {
    const at = this.#others.findLastIndex(({ event }) => event.type === "inspect");
    const event = this.#others[at]?.event;
    if (event?.type === "inspect") this.#others[at].event = withoutHistograms(event);
  }
}

function counted(counts: StepCounts, event: StepEvent): StepCounts {
  const { step, skipped } = event;
  return {
    ...counts,
    ...(skipped !== undefined && { skipped: counts.skipped + 1, lastSkipped: step }),
    ...(isUnusual(event) && { unusual: counts.unusual + 1, firstUnusual: counts.firstUnusual ?? step }),
  };
}

/** Returns at most `mostSteps` steps with the shape of both curves, and a few steps that are not finite. */
function thinned(steps: StepEvent[]): StepEvent[] {
  if (steps.length <= mostSteps) return steps;
  const unusual = steps.filter(isUnusual).slice(0, mostUnusual);
  const finite = steps.filter((step) => !isUnusual(step));
  const at = finite.map(({ step }) => step);
  const curve = (of: (step: StepEvent) => number) => lttb(at, finite.map(of), mostSteps / 2);
  const kept = new Set<StepEvent>([
    ...unusual,
    ...[...curve(({ loss }) => loss), ...curve(({ gradNorm }) => gradNorm)].map((i) => finite[i]),
    steps[steps.length - 1],
  ]);
  return steps.filter((step) => kept.has(step));
}

function isUnusual({ loss, gradNorm }: StepEvent): boolean {
  return !Number.isFinite(loss) || !Number.isFinite(gradNorm);
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
