/**
 * Where the time of some updates went: each op on the device, and what the host did meanwhile.
 *
 * @module
 */
import { trafficOf } from "../../kernels/core/cost.ts";
import type { Call } from "../../kernels/core/graph.ts";
import type { Program } from "../../kernels/core/program.ts";
import type { CallTiming } from "../../kernels/engine/engine.ts";
import type { TraceSpan } from "../format/chrome_trace.ts";
import type { Plan } from "../model/plan.ts";
import { programsOfStep } from "../model/training_plan.ts";
import type { ModelSession } from "../model/model_session.ts";

/** Updates of this run that are not timed: in the first ones code is compiled and memory touched. */
const SKIPPED = 4;
/** Updates that are, at most: of many micro-batches fewer. */
const TIMED = 5;
/** Calls that are timed, unless one update has more; and calls of all threads in the picture, which the first so many are. */
const MOST_CALLS = 100_000, MOST_SPANS = 200_000;

/** Time and throughput of one op, over all its timed calls. */
export interface OpTime {
  /** Name of the op. */
  readonly op: string;
  /** Number of timed calls. */
  readonly calls: number;
  /** Time of all these calls together. */
  readonly seconds: number;
  /** Fraction of the time of all ops, 0 to 1. */
  readonly share: number;
  /** Fraction of the threads' time spent waiting for each other at the end of a call, 0 to 1; 0 on a GPU. */
  readonly waiting: number;
  /** Throughput in 10⁹ floating-point operations per second; 0 for an op that only moves data. */
  readonly gflops: number;
  /** Memory traffic in 10⁹ bytes per second, each planned read and write counted once. */
  readonly gigabytes: number;
}

/** What was found. */
export interface Profile {
  /** The updates that were timed, counted from 0 as in their events; none where the run was too short. */
  readonly steps: readonly number[];
  /** Longest first; null where the device cannot tell. */
  readonly ops: readonly OpTime[] | null;
  /** The host's and the device's, for a picture. */
  readonly spans: readonly TraceSpan[];
}

/** Times the 5th to the 9th update of a run and hands over what it found. */
export class Profiler {
  readonly #model: ModelSession;
  readonly #take: (profile: Profile) => void | Promise<void>;
  readonly #steps: number[] = [];
  readonly #timed: number;
  readonly #spans: TraceSpan[] = [];
  #seen = 0;
  #mark = 0;
  #done = false;

  /** `take` hears of it once. */
  constructor(model: ModelSession, take: (profile: Profile) => void | Promise<void>) {
    this.#model = model;
    this.#take = take;
    this.#timed = Math.max(1, Math.min(TIMED, Math.floor(MOST_CALLS / callsOf(model.plan))));
  }

  /** Whether the update that is about to begin is to be timed. */
  startUpdate(step: number): boolean {
    const wanted = !this.#done && this.#seen++ >= SKIPPED && this.#steps.length < this.#timed;
    if (wanted) this.#steps.push(step);
    return wanted;
  }

  /** What the host did since the last mark. */
  mark(name: string): void {
    const now = performance.timeOrigin + performance.now();
    if (!this.#done && this.#steps.length > 0 && this.#mark > 0) {
      this.#spans.push({ name, track: "host", start: this.#mark, duration: now - this.#mark });
    }
    this.#mark = now;
  }

  /** All updates wanted have been begun. */
  get complete(): boolean {
    return !this.#done && this.#steps.length === this.#timed;
  }

  /** Waits for the device and hands over what was timed; a second time does nothing. */
  async finish(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    const { programs } = this.#model.plan, timings = await this.#model.timings();
    await this.#take({
      steps: this.#steps,
      ops: timings === null ? null : opTimes(programs, timings),
      spans: [...this.#spans, ...deviceSpans(programs, timings ?? [])],
    });
  }
}

/** Times added up by op. Of several threads the first one's count, which goes through all ops as the others do. */
export function opTimes(programs: readonly Program[], timings: readonly CallTiming[]): readonly OpTime[] {
  const sums = new Map<string, Record<"calls" | "ms" | "threadMs" | "waited" | "flops" | "bytes", number>>();
  for (const timing of timings) {
    const call = callOf(programs, timing), { op } = call;
    const sum = sums.get(op.name) ?? { calls: 0, ms: 0, threadMs: 0, waited: 0, flops: 0, bytes: 0 };
    sums.set(op.name, sum);
    sum.threadMs += timing.duration;
    sum.waited += timing.wait;
    if (timing.thread > 0) continue;
    const { read, written } = trafficOf(call);
    sum.calls++;
    sum.ms += timing.duration;
    sum.flops += op.flops?.(call) ?? 0;
    sum.bytes += read + written;
  }
  const all = [...sums.values()].reduce((total, { ms }) => total + ms, 0);
  const per = (amount: number, by: number) => by > 0 ? amount / by : 0;
  return [...sums].map(([op, { calls, ms, threadMs, waited, flops, bytes }]) => ({
    op,
    calls,
    seconds: ms / 1000,
    share: per(ms, all),
    waiting: per(waited, threadMs),
    gflops: per(flops, ms * 1e6),
    gigabytes: per(bytes, ms * 1e6),
  })).sort((a, b) => b.seconds - a.seconds);
}

/** A span for each call on each thread. */
function deviceSpans(programs: readonly Program[], timings: readonly CallTiming[]): TraceSpan[] {
  const first = timings.length <= MOST_SPANS
    ? timings
    : timings.toSorted((a, b) => a.start - b.start).slice(0, MOST_SPANS);
  return first.toSorted((a, b) => a.thread - b.thread).map((timing) => {
    const { program, thread, start, duration, wait } = timing, call = callOf(programs, timing);
    const [output] = call.outputs;
    return {
      name: call.op.name,
      track: `device, thread ${thread}`,
      start,
      duration,
      details: { program, output: output.label, shape: output.shape, ...(wait > 0 && { waitMs: wait }) },
    };
  });
}

/** Of one update. */
function callsOf({ programs, training }: Plan): number {
  const count = (name: string) => programs.find((program) => program.name === name)?.calls.length ?? 0;
  return programsOfStep(training).reduce((sum, name) => sum + count(name), 0);
}

function callOf(programs: readonly Program[], { program, call }: CallTiming): Call {
  return programs.find(({ name }) => name === program)!.calls[call];
}
