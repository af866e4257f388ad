/**
 * Profiles a few updates of a run: the time of each op on the device, and spans of the work on the host.
 *
 * @module
 */
import type { TraceSpan } from "../format/viewer/chrome_trace.ts";
import type { ModelSession } from "../model/model_session.ts";
import type { Plan } from "../model/plan.ts";
import { programsOfStep } from "../model/training_plan.ts";
import { deviceSpans, type OpTime, opTimes } from "./op_times.ts";

/**
 * Number of updates at the start of a run that are not timed, because they also compile code and touch memory
 * for the first time.
 */
const WARM_UP = 4;
/** Maximum number of updates that are timed. */
const MAX_UPDATES = 5;
/**
 * Maximum number of calls that are timed, unless a single update has more. If updates have many
 * micro-batches, fewer updates are timed.
 */
const MAX_CALLS = 100_000;

/** Times of a few updates. */
export interface Profile {
  /** Indices of the timed updates, as in their step events; empty if the run was too short. */
  readonly steps: readonly number[];
  /** Time and throughput of each op, longest time first; null if the device cannot time calls. */
  readonly ops: readonly OpTime[] | null;
  /** Spans of the host and the device, for a trace viewer. */
  readonly spans: readonly TraceSpan[];
}

/** Times the 5th to the 9th update of a run. */
export class Profiler {
  readonly #model: ModelSession;
  readonly #report: (profile: Profile) => void | Promise<void>;
  readonly #steps: number[] = [];
  /** Number of updates to time. */
  readonly #wanted: number;
  readonly #spans: TraceSpan[] = [];
  #updates = 0;
  #lastMark = 0;
  #finished = false;

  /** `report` is called once, with the profile. */
  constructor(model: ModelSession, report: (profile: Profile) => void | Promise<void>) {
    this.#model = model;
    this.#report = report;
    this.#wanted = Math.max(1, Math.min(MAX_UPDATES, Math.floor(MAX_CALLS / callsPerUpdate(model.plan))));
  }

  /** Must be called before each update. Returns whether to time that update. */
  startUpdate(step: number): boolean {
    const timed = !this.#finished && this.#updates++ >= WARM_UP && this.#steps.length < this.#wanted;
    if (timed) this.#steps.push(step);
    return timed;
  }

  /** Records the time since the last mark as a span of the host, under `name`. */
  mark(name: string): void {
    const now = performance.timeOrigin + performance.now();
    if (!this.#finished && this.#steps.length > 0 && this.#lastMark > 0) {
      this.#spans.push({ name, track: "host", start: this.#lastMark, duration: now - this.#lastMark });
    }
    this.#lastMark = now;
  }

  /** Whether all wanted updates have been started and `finish` is due. */
  get complete(): boolean {
    return !this.#finished && this.#steps.length === this.#wanted;
  }

  /** Waits for the device and reports the profile; a second call does nothing. */
  async finish(): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    const { programs } = this.#model.plan, timings = await this.#model.timings();
    await this.#report({
      steps: this.#steps,
      ops: timings === null ? null : opTimes(programs, timings),
      spans: [...this.#spans, ...deviceSpans(programs, timings ?? [])],
    });
  }
}

function callsPerUpdate({ programs, training }: Plan): number {
  const count = (name: string) => programs.find((program) => program.name === name)?.calls.length ?? 0;
  return programsOfStep(training).reduce((sum, name) => sum + count(name), 0);
}
