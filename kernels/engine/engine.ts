/**
 * The interface of engines: an engine takes programs and weights, and runs the programs on a device.
 *
 * @module
 */
import type { Program } from "../core/program.ts";
import type { TensorMap } from "../core/tensor.ts";

/** A device that can run programs. */
export interface Engine {
  /** Name of the engine. */
  readonly name: "webgpu" | "cpu" | "reference";
  /** Description of the device to show to users: adapter and driver, or "WASM SIMD, 2 threads". */
  readonly device: string;
  /**
   * Opens a session with the memory of all these programs: persistent tensors with the same label are the
   * same memory. Persistent tensors without an entry in `weights` start as zeros.
   */
  open(programs: readonly Program[], weights: TensorMap, options?: OpenOptions): Promise<Session>;
}

/** Options of `Engine.open`. */
export interface OpenOptions {
  /**
   * Returns whether a program runs in the first process alone, by its name, if there are several. Default: no
   * program does.
   */
  alone?(program: string): boolean;
}

/** Numbers of operations that a session has requested from its device so far. */
export interface SessionCounters {
  /** Number of calls of `run`. */
  readonly runs: number;
  /** Number of transfers of data from the device to the host. */
  readonly readBacks: number;
  /**
   * Number of times that the host waited until the device had no work left. The device then idles until the
   * next submit.
   */
  readonly waits: number;
}

/** Start and duration of one call of a program on one thread of the device. All times are in milliseconds. */
export interface CallTiming {
  /** Name of the program. */
  readonly program: string;
  /** Index of the call in the program's calls. */
  readonly call: number;
  /** Index of the CPU engine's thread, starting at 0; always 0 on a GPU. */
  readonly thread: number;
  /**
   * Start time on the clock of `performance.timeOrigin + performance.now()`. A GPU's own clock is shifted so
   * that the first timed call starts at the moment it was submitted.
   */
  readonly start: number;
  /** Time from start to end, `wait` included. */
  readonly duration: number;
  /** Time that this thread waited for the other threads at the end of the call. */
  readonly wait: number;
}

/** Options of `Session.run`. */
export interface ReplayOptions {
  /**
   * Whether to time every call, so that `timings` can return the times. This makes the run slower. Default
   * false.
   */
  readonly timed?: boolean;
}

/** Options of `Session.change`. */
export interface ChangeOptions {
  /**
   * Whether later runs may start before the change is made: they must not use the tensors. Default false.
   */
  readonly aside?: boolean;
}

/** Members of a pack that lie end to end: the labels of the first and of the last. */
export type PackRange = readonly [first: string, last: string];

/** The processes of a run that have the same session, each on its own device: its ranks. */
export interface SessionRanks {
  /** Number of processes. */
  readonly size: number;
  /**
   * Replaces persistent tensors by their sums over all processes, after all runs so far; after it, the sums
   * that were begun are complete too.
   */
  sum(labels: readonly string[]): Promise<void>;
  /** Whether `beginSum` works: only if the device's memory is that of the process. */
  readonly overlaps: boolean;
  /** Begins a sum, during which runs go on; they must not use its tensors before the next `sum`. */
  beginSum(ranges: readonly PackRange[]): void;
  /** Keeps the present value of a persistent tensor of floats for the next `gather`. */
  keep(label: string): void;
  /**
   * Reads a persistent tensor of floats from all processes: for each process, in their order, what was kept
   * and then the tensor.
   */
  gather(label: string): Promise<Float32Array>;
}

/** Programs with their memory on a device. */
export interface Session extends AsyncDisposable {
  /**
   * The processes that do the same; absent if there is one. Data that are written to a tensor are then dealt
   * out if they are as many times larger than it as there are processes: each takes its part.
   */
  readonly ranks?: SessionRanks;
  /** Counts of runs, reads and waits so far. */
  readonly counters: SessionCounters;
  /**
   * Whether a read waits for all submitted work, even for work that was submitted after the read. If so, read
   * rarely: the device idles after each read.
   */
  readonly readsDrain: boolean;
  /** Sets persistent tensors by label. Throws RangeError on an unknown label or a wrong size. */
  write(values: TensorMap): void;
  /** Runs programs in order: ["micro", "micro", "update"]. */
  run(programs: readonly string[], options?: ReplayOptions): Promise<void>;
  /**
   * Waits for all runs so far, then reads persistent tensors and outputs, which are given by their labels.
   */
  read(labels: readonly string[]): Promise<TensorMap>;
  /**
   * Lets `work` change persistent tensors of floats after all runs so far, and before anything that is asked
   * for later. On the CPU it gets the memory itself; on a GPU copies, which are written back.
   */
  change(
    labels: readonly string[],
    work: (tensors: readonly Float32Array[]) => Promise<void>,
    options?: ChangeOptions,
  ): Promise<void>;
  /**
   * Waits for the timed runs since the previous `timings()`, and returns the times of their calls. Returns
   * null if calls cannot be timed: on an adapter without timestamp-query, or on the float64 engine.
   */
  timings(): Promise<readonly CallTiming[] | null>;
}
