/**
 * Decides how many dispatches go into one submit. Drivers reset a GPU whose submit runs for longer than 2 to
 * 8 seconds, and Metal then returns zeros without an error, so a run is cut into submits of about 50 ms, and
 * a dispatch that alone would take longer than 0.5 s is split into several. The GPU's rate is learned while
 * it works, from the work submitted between two moments at which the host waits.
 *
 * @module
 */
import { trafficOf } from "../../core/cost.ts";
import type { Call } from "../../core/graph.ts";
import { countOf, type Extent, type Part, partsOf } from "./split.ts";

/** Limits of one submit. */
export interface SubmitLimits {
  /** Largest number of dispatches. */
  readonly dispatches: number;
  /** Seconds that a submit should take at the rate measured so far. */
  readonly seconds: number;
  /**
   * Largest work while no rate is known, in FLOPs; see `workOf()`. A single dispatch may exceed it, by as
   * much as `dispatchSeconds` exceeds `seconds`.
   */
  readonly firstWork: number;
  /** Seconds that one dispatch should take at most at the rate measured so far. */
  readonly dispatchSeconds: number;
}

/** The limits that hold unless others are given. */
export const submitLimits: SubmitLimits = {
  dispatches: 64, // encoding and submitting 64 dispatches takes the host well below 1 ms
  seconds: 0.05, // a fortieth of the shortest watchdog, since kernels reach different shares of a GPU's peak
  firstWork: 5e9, // 50 ms at 100 GFLOPS, the rate of the slowest GPUs
  dispatchSeconds: 0.5, // a quarter of the shortest watchdog; a split into fewer workgroups leaves a GPU idle
};

/**
 * Share of `firstWork` above which a kernel is compiled so that its dispatches can be split. At 1 GFLOPS, far
 * below the rate of any GPU, a dispatch of this work takes 0.5 s.
 */
const SPLITTABLE = 0.1;

/** FLOPs that a GPU computes while it moves one byte: 14 on an H200, 82 on an RTX 4090. */
const FLOPS_PER_BYTE = 16;

/** Returns the work of a call in FLOPs, with its memory traffic converted to FLOPs. */
export function workOf(call: Call): number {
  const { read, written } = trafficOf(call);
  return (call.op.flops?.(call) ?? 0) + FLOPS_PER_BYTE * (read + written);
}

/** A dispatch as `SubmitPace` sees it. */
export interface WorkOfDispatch {
  /**
   * Most work of the whole dispatch in FLOPs: that of its call, since the dispatches of a call share its work
   * unevenly.
   */
  readonly work: number;
  /** Numbers of workgroups. */
  readonly workgroups: Extent;
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

  /** Largest work of one dispatch, in FLOPs. */
  get dispatchBudget(): number {
    return this.budget * this.#limits.dispatchSeconds / this.#limits.seconds;
  }

  /** Returns whether a dispatch may have to be split, so that its kernel must be compiled for that. */
  maySplit({ work, workgroups }: WorkOfDispatch): boolean {
    return work > SPLITTABLE * this.#limits.firstWork && countOf(workgroups) > 1;
  }

  /**
   * Returns the parts of a dispatch, of which none has more work than `dispatchBudget` or several workgroups.
   */
  split({ work, workgroups }: WorkOfDispatch): readonly Part[] {
    return partsOf(workgroups, countOf(workgroups) * Math.min(1, this.dispatchBudget / work));
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
