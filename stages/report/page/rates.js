/**
 * What stages have done in the last seconds, and who waits for whom.
 *
 * @module
 */
import { sum } from "./format.js";

const WINDOW = 3000; // milliseconds over which rates are measured
const WAITS = 0.5; // share of the time from which a stage counts as waiting

/** Keeps the last events of stages with the times of their arrival. */
export class StageRates {
  #histories = new Map();
  #firstLive = Infinity; // time of the first event that was no line of the past

  /** Takes an event that arrived at `at`, in milliseconds; null for a line of the past. */
  take(event, at) {
    const history = this.#histories.get(event.name) ?? [];
    this.#histories.set(event.name, history);
    const previous = history[history.length - 1];
    // A resumed run counts its seconds from 0.
    if (at === null || previous !== undefined && previous.event.busy > event.busy) history.length = 0;
    history.push({ event, at: at ?? -Infinity });
    this.#firstLive = Math.min(this.#firstLive, at ?? Infinity);
    while (history.length > 2 && at - history[1].at >= WINDOW) history.shift();
  }

  /** Returns the last event of a stage; undefined if there is none. */
  latest(name) {
    return this.#histories.get(name)?.at(-1)?.event;
  }

  /**
   * Returns what is known of each stage of the graph, in its order; `now` is the time in milliseconds, or
   * null for a run that is over, whose shares are those of the whole run.
   */
  stages(graph, now) {
    const known = graph ?? chainOf([...this.#histories.keys()]);
    const there = known.filter(({ name }) => this.#histories.has(name));
    const run = Math.max(1e-9, ...there.map((place) => secondsOf(this.#histories.get(place.name), place)));
    const stages = there.map((place) => ({
      ...place,
      ...measured(this.#histories.get(place.name), {
        now,
        run,
        workers: place.workers ?? 1,
        since: this.#firstLive,
      }),
    }));
    return withWaits(stages, known);
  }
}

/** A graph for runs whose events have none: each stage after the one before. */
function chainOf(names) {
  return names.map((name, i) => ({ name, after: i === 0 ? null : names[i - 1] }));
}

/** Seconds in which a stage worked or waited for its input: the longest are about as long as the run. */
function secondsOf(history, { workers = 1 }) {
  const { busy, blocked } = history[history.length - 1].event;
  return busy / workers + blocked;
}

function measured(history, { now, run, workers, since }) {
  const first = history[0], { event, at } = history[history.length - 1];
  // Nothing has changed lately: of a stage known from the past alone, not since the others were heard.
  const idle = now !== null && now - Math.max(at, since) > WINDOW;
  const seconds = idle ? WINDOW / 1000 : (at - first.at) / 1000;
  const recent = now !== null && Number.isFinite(seconds) && seconds > 0;
  const moved = (key) => recent ? (idle ? 0 : (event[key] ?? 0) - (first.event[key] ?? 0)) : event[key] ?? 0;
  const all = recent ? seconds : run;
  return {
    in: event.in,
    out: event.out,
    dropped: sum(event.dropped),
    perSecond: recent ? (event.out === 0 ? moved("in") : moved("out")) / seconds : null,
    busy: Math.min(1, moved("busy") / workers / all),
    blocked: Math.min(1, moved("blocked") / all),
    full: event.full === undefined ? null : Math.min(1, moved("full") / all),
    queued: event.queued ?? null,
    inFlight: event.inFlight ?? null,
  };
}

/** Adds the name of the stage that each stage waits for, and why; null where it does not wait. */
function withWaits(stages, graph) {
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  const after = new Map(graph.map((place) => [place.name, place.after]));
  const next = Map.groupBy(graph, (place) => place.after);
  const before = function* (name) {
    for (let at = after.get(name); at !== null && at !== undefined; at = after.get(at)) yield at;
  };
  const behind = function* (name) {
    for (const place of next.get(name) ?? []) {
      yield place.name;
      if (place.ahead === undefined) yield* behind(place.name); // up to the next queue
    }
  };
  const busiest = (names) =>
    [...names].map((name) => byName.get(name)).filter((stage) => stage !== undefined)
      .reduce((a, b) => a === null || b.busy > a.busy ? b : a, null);
  const fullAfter = (name) => {
    for (const place of next.get(name) ?? []) {
      const stage = byName.get(place.name);
      if (place.ahead !== undefined) {
        if ((stage?.full ?? 0) > WAITS) return place.name;
        continue;
      }
      const full = fullAfter(place.name);
      if (full !== null) return full;
    }
    return null;
  };
  return stages.map((stage) => {
    if (stage.blocked > WAITS && stage.blocked > stage.busy) {
      const other = busiest(before(stage.name));
      if (other !== null && other.busy > 0) return { ...stage, waits: "input", waitsFor: other.name };
    }
    const queue = stage.busy < WAITS ? fullAfter(stage.name) : null;
    if (queue === null) return { ...stage, waits: null, waitsFor: null };
    const other = busiest([queue, ...behind(queue)]);
    return { ...stage, waits: "room", waitsFor: other?.name ?? queue };
  });
}
