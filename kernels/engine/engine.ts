/**
 * What an engine does: it takes programs and weights, and replays programs on a device.
 *
 * @module
 */
import type { Program } from "../core/program.ts";
import type { TensorMap } from "../core/tensor.ts";

/** A device that can run programs. */
export interface Engine {
  /** Which engine it is. */
  readonly name: "webgpu" | "cpu" | "reference";
  /** For people: adapter and driver, or "WASM SIMD, 2 threads". */
  readonly device: string;
  /** Programs of one session share persistent memory by label. Labels missing in `weights` begin as zeros. */
  open(programs: readonly Program[], weights: TensorMap): Promise<Session>;
}

/** What a session has asked of its device so far. */
export interface SessionCounters {
  /** Runs handed over: one a call of `run`. */
  readonly submits: number;
  /** Times that the host fetched data. */
  readonly readBacks: number;
  /** Times that the host waited until the device had nothing left to do: it then stands idle until asked again. */
  readonly waits: number;
}

/** When the device was at one call of a program, in milliseconds. */
export interface CallTiming {
  /** Its name. */
  readonly program: string;
  /** Index in the program's calls. */
  readonly call: number;
  /** Of the CPU engine, from 0; of a GPU 0. */
  readonly thread: number;
  /**
   * As `performance.timeOrigin + performance.now()` counts. A GPU has a clock of its own: it is laid so that what was
   * timed first begins when it was submitted.
   */
  readonly start: number;
  /** Until its end, `wait` included. */
  readonly duration: number;
  /** How long this thread waited for the others at the end. */
  readonly wait: number;
}

/** How programs are run. */
export interface ReplayOptions {
  /** Take the time of every call, for `timings`. Costs time itself. Default false. */
  readonly timed?: boolean;
}

/** Programs and their memory on a device. */
export interface Session extends AsyncDisposable {
  /** What was asked of the device so far. */
  readonly counters: SessionCounters;
  /** Every read waits until the device has nothing left to do, whatever was submitted after it: read seldom. */
  readonly readsDrain: boolean;
  /** Sets persistent tensors by label. Throws RangeError on an unknown label or a wrong size. */
  write(values: TensorMap): void;
  /** Replays programs in order, in one submit: ["micro", "micro", "update"]. */
  run(programs: readonly string[], options?: ReplayOptions): Promise<void>;
  /** Reads persistent tensors (outputs included) by label, after all runs so far. */
  read(labels: readonly string[]): Promise<TensorMap>;
  /**
   * Times of the calls of all timed runs since this was asked last, waiting for them. Null where the device cannot tell:
   * an adapter without timestamp-query, the float64 engine.
   */
  timings(): Promise<readonly CallTiming[] | null>;
}
