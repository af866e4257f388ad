/**
 * The control words in shared memory, which synchronize the CPU engine's main thread and its workers, and the
 * barrier between calls.
 *
 * @module
 */

/** Indices of the 32-bit words of the control block, which starts at address 0. */
export const word = {
  /** Sequence number of the latest run that the main thread has started; workers sleep until it changes. */
  started: 0,
  /** Sequence number of the latest run that has ended; the main thread sleeps until it changes. */
  finished: 1,
  /** Number of threads that have arrived at the barrier. */
  arrived: 2,
  /** Number of barriers passed; waiting threads wait for it to change. */
  phase: 3,
  /** Number of threads that sleep until `phase` changes. */
  sleepers: 4,
  /** 1 after a worker has failed; threads then stop waiting. */
  failed: 5,
  /** Number of times that the workers were ended: a worker that started under another number ends. */
  generation: 6,
  /** Number of programs in this run. */
  programs: 7,
  /** 1 if the calls of this run are timed. */
  timed: 8,
} as const;

/** Byte address of the run list: the addresses of the op tables of this run's programs. */
export const runListAddress = 256;
/**
 * Number of entries that fit into the run list, which ends below the WASM kernels' constants at byte 32,768.
 * A longer run is split into rounds.
 */
export const runListLength = 4000;
/** Size in bytes of each thread's scratch memory. */
export const scratchBytes = 2 * 1024 * 1024;
/**
 * Number of values that a thread reports per timed call: the address of the op table, the index of the call,
 * and the times at which this thread started the call, at which this thread ended it, and at which all
 * threads had ended it.
 */
export const timingNumbers = 5;
/**
 * Number of words per call in an op table: the index of the WASM export, the address of the list of tensor
 * addresses, and the address of the arguments.
 */
export const opWords = 3;

/** Thrown in a thread that leaves a run because another thread failed. */
export class RunAborted extends Error {
  /** Name of the error class. */
  override readonly name = "RunAborted";
}

/** The barrier at which all threads wait for each other after each call. */
export class Barrier {
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #threads: number;
  readonly #spins: number;

  /**
   * `spins` is the number of checks before a waiting thread goes to sleep; 0 if there are more threads than
   * cores.
   */
  constructor(
    control: Int32Array<SharedArrayBuffer>,
    { threads, spins }: { threads: number; spins: number },
  ) {
    this.#control = control;
    this.#threads = threads;
    this.#spins = spins;
  }

  /** Returns when all threads have arrived. Throws RunAborted once a thread has failed. */
  wait(): void {
    const control = this.#control;
    // `phase` is read before `failed`: a later failure changes `phase`, and an earlier failure has set
    // `failed`.
    const phase = Atomics.load(control, word.phase);
    if (Atomics.load(control, word.failed) !== 0) throw new RunAborted("Another thread failed");
    if (Atomics.add(control, word.arrived, 1) === this.#threads - 1) {
      Atomics.store(control, word.arrived, 0);
      Atomics.add(control, word.phase, 1);
      // No sleeper is missed, because a thread increments `sleepers` and then checks `phase` once more before
      // it sleeps.
      if (Atomics.load(control, word.sleepers) > 0) Atomics.notify(control, word.phase);
    } else {
      waitForChange(control, { index: word.phase, from: phase, spins: this.#spins, sleepers: word.sleepers });
    }
    if (Atomics.load(control, word.failed) !== 0) throw new RunAborted("Another thread failed");
  }
}

/**
 * Returns when the word at `index` is no longer `from`: checks it `spins` times, then sleeps until it
 * changes.
 */
export function waitForChange(
  control: Int32Array<SharedArrayBuffer>,
  { index, from, spins, sleepers }: { index: number; from: number; spins: number; sleepers?: number },
): void {
  for (let i = 0; i < spins; i++) {
    if (Atomics.load(control, index) !== from) return;
    Atomics.pause();
  }
  if (sleepers !== undefined) Atomics.add(control, sleepers, 1);
  while (Atomics.load(control, index) === from) Atomics.wait(control, index, from);
  if (sleepers !== undefined) Atomics.sub(control, sleepers, 1);
}

/** Marks the run as failed and wakes all threads. */
export function fail(control: Int32Array<SharedArrayBuffer>): void {
  Atomics.store(control, word.failed, 1);
  Atomics.add(control, word.phase, 1);
  Atomics.notify(control, word.phase);
  Atomics.store(control, word.finished, Atomics.load(control, word.started));
  Atomics.notify(control, word.finished);
}
