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
/** Events of every other kind, such as samples: half of them are dropped when there are twice as many. */
const mostOthers = 200;
/** Steps whose loss or gradient norm is NaN or infinite, which down-sampling would drop. */
const mostUnusual = 100;

/**
 * Collects a run's events. Steps are down-sampled by LTTB on loss and gradient norm; of stages and surveys,
 * the last event of each session is kept; of inspections, the histograms of the last one.
 */
export class RunDigest {
  #steps: StepEvent[] = [];
  readonly #others: { readonly order: number; readonly event: RunEvent }[] = [];
  readonly #kinds = new Map<string, number>();
  readonly #cumulative = new Map<string, { order: number; event: RunEvent }>();
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
      case "note":
      case "tokens":
        return; // the pages show none
    }
    this.#others.push({ order, event });
    const count = (this.#kinds.get(event.type) ?? 0) + 1;
    this.#kinds.set(event.type, count);
    if (count >= 2 * mostOthers) this.#halve(event.type);
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

  /** Drops every other event of a kind, but neither the first nor the last. */
  #halve(type: string): void {
    const all = this.#others.splice(0);
    let index = 0;
    const total = this.#kinds.get(type) ?? 0;
    const kept = all.filter(({ event }) => {
      if (event.type !== type) return true;
      const i = index++;
      return i % 2 === 0 || i === total - 1;
    });
    for (const one of kept) this.#others.push(one);
    this.#kinds.set(type, kept.filter(({ event }) => event.type === type).length);
  }

  #dropHistograms(): void {
    const at = this.#others.findLastIndex(({ event }) => event.type === "inspect");
    if (at < 0) return;
    const { order, event } = this.#others[at];
    if (event.type === "inspect") this.#others[at] = { order, event: withoutHistograms(event) };
  }
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
