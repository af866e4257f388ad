/**
 * Adds up the times of a device's calls for each op, and makes a trace span of each call.
 *
 * @module
 */
import { trafficOf } from "../../kernels/core/cost.ts";
import type { Call } from "../../kernels/core/graph.ts";
import type { Program } from "../../kernels/core/program.ts";
import type { CallTiming } from "../../kernels/engine/engine.ts";
import type { TraceSpan } from "../format/viewer/chrome_trace.ts";

/** Time and throughput of one op, over all its timed calls. */
export interface OpTime {
  /** Name of the op. */
  readonly op: string;
  /** Number of timed calls. */
  readonly calls: number;
  /** Total time of these calls in seconds. */
  readonly seconds: number;
  /** Fraction of the time of all ops, from 0 to 1. */
  readonly share: number;
  /**
   * Fraction of the threads' time spent waiting for each other at the end of a call, from 0 to 1; always 0 on
   * a GPU.
   */
  readonly waiting: number;
  /** Throughput in 10⁹ floating-point operations per second; 0 for an op that only moves data. */
  readonly gflops: number;
  /** Memory traffic in 10⁹ bytes per second; each planned read and write is counted once. */
  readonly gigabytes: number;
}

/** Maximum number of device spans, because larger traces make viewers slow; the earliest calls are kept. */
const MAX_SPANS = 200_000;

/**
 * Returns the time and throughput of each op, longest time first. Every thread takes part in every call, so
 * calls and their time are counted on the first thread only; waiting is counted on all threads.
 */
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

/** Returns one span per call and thread. */
export function deviceSpans(programs: readonly Program[], timings: readonly CallTiming[]): TraceSpan[] {
  const first = timings.length <= MAX_SPANS
    ? timings
    : timings.toSorted((a, b) => a.start - b.start).slice(0, MAX_SPANS);
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

function callOf(programs: readonly Program[], { program, call }: CallTiming): Call {
  return programs.find(({ name }) => name === program)!.calls[call];
}
