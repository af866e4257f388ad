/**
 * Decides how many dispatches go into one submit. Drivers reset a GPU whose submit runs for longer than 2 to
 * 8 seconds, and Metal then returns zeros without an error, so a run is cut into submits of about 50 ms. The
 * GPU's rate is learned while it works, from the work submitted between two moments at which the host waits.
 *
 * @module
 */
import { trafficOf } from "../../core/cost.ts";
import type { Call } from "../../core/graph.ts";

/** Limits of one submit. */
export interface SubmitLimits {
  /** Largest number of dispatches. */
  readonly dispatches: number;
  /** Seconds that a submit should take at the rate measured so far. */
  readonly seconds: number;
  /** Largest work while no rate is known, in FLOPs; see `workOf()`. A single dispatch may exceed it. */
  readonly firstWork: number;
}

/** The limits that hold unless others are given. */
export const submitLimits: SubmitLimits = {
  dispatches: 64, // encoding and submitting 64 dispatches takes the host well below 1 ms
  seconds: 0.05, // a fortieth of the shortest watchdog, since kernels reach different shares of a GPU's peak
  firstWork: 5e9, // 50 ms at 100 GFLOPS, the rate of the slowest GPUs
};

/** FLOPs that a GPU computes while it moves one byte: 14 on an H200, 82 on an RTX 4090. */
const FLOPS_PER_BYTE = 16;

/** Returns the work of a call in FLOPs, with its memory traffic converted to FLOPs. */
export function workOf(call: Call): number {
  const { read, written } = trafficOf(call);
  return (call.op.flops?.(call) ?? 0) + FLOPS_PER_BYTE * (read + written);
}

/** Cuts runs into submits. */
export class SubmitPace {
  readonly #limits: SubmitLimits;
  readonly #now: () => number;
  /** Highest rate measured so far in FLOPs per second; 0 before the first measurement. */
  #rate = 0;
  /** Work submitted so far. */
  #submitted = 0;
  /** Start of the current measurement: the work submitted before it, and its time in seconds. */
  #start = { submitted: 0, time: 0 };

  /** `now` returns the time in seconds; default: the host's clock. */
  constructor(limits: Partial<SubmitLimits> = {}, now: () => number = () => performance.now() / 1000) {
    this.#limits = { ...submitLimits, ...limits };
    this.#now = now;
  }

  /** Largest work of the next submit, in FLOPs. */
  get budget(): number {
    return this.#rate === 0 ? this.#limits.firstWork : this.#rate * this.#limits.seconds;
  }

  /** Returns the end, exclusive, of the submit that starts with dispatch `first`. */
  cut(dispatches: readonly { readonly work: number }[], first: number): number {
    const { budget } = this, most = Math.min(dispatches.length, first + this.#limits.dispatches);
    let work = 0, end = first;
    do work += dispatches[end++].work; while (end < most && work + dispatches[end].work <= budget);
    return end;
  }

  /** Records a submit. Call it just before the submit. */
  submit(work: number): void {
    if (this.#submitted === this.#start.submitted) this.#start.time = this.#now(); // the GPU was idle
    this.#submitted += work;
  }

  /**
   * Records that the host starts to wait for everything submitted so far. The returned function records the
   * end of this wait. A GPU may have idled in between, so a measurement is a lower bound of its rate, and the
   * highest one counts. Less work than a first submit measures the wait rather than the GPU.
   */
  wait(): () => void {
    const from = this.#start, work = this.#submitted - from.submitted;
    this.#start = { submitted: this.#submitted, time: this.#now() };
    return () => {
      const seconds = this.#now() - from.time;
      if (work >= this.#limits.firstWork && seconds > 0) this.#rate = Math.max(this.#rate, work / seconds);
    };
  }
}
