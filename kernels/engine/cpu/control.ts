/**
 * The words in shared memory by which main thread and workers of the CPU engine meet, and the barrier between ops.
 *
 * @module
 */

/** Indices into the control block, 32-bit words from address 0. */
export const word = {
  /** Raised by the main thread to start a run; workers sleep on it. */
  started: 0,
  /** The run that has ended; the main thread sleeps on it. */
  finished: 1,
  /** Threads at the barrier. */
  arrived: 2,
  /** Barriers passed; threads wait for it to change. */
  phase: 3,
  /** Threads asleep on `phase`. */
  sleepers: 4,
  /** 1 once a worker has failed: nobody waits any more. */
  failed: 5,
  /** 1: leave. */
  stop: 6,
  /** Programs of this run. */
  programs: 7,
  /** 1: this run's calls are timed. */
  timed: 8,
} as const;

/** Byte address of the addresses of this run's programs. */
export const runListAddress = 256;
/** Programs that one round of a run can hold, below the kernels' constants at 32,768; longer runs take several. */
export const runListLength = 4000;
/** Bytes of scratch that every thread has to itself. */
export const scratchBytes = 2 * 1024 * 1024;
/** Numbers that a thread tells of a timed call: address of the program's table, call, start, end, all threads' end. */
export const timingNumbers = 5;
/** Words of one op in a program's table: export number, address of tensor addresses, address of numbers. */
export const opWords = 3;

/** A thread leaves a run because another one failed. */
export class RunAborted extends Error {
  /** As for every error. */
  override readonly name = "Abandoned";
}

/** Where all threads meet between two ops. */
export class Barrier {
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #threads: number;
  readonly #spins: number;

  /** `spins`: looks at the others before falling asleep; 0 where there are more threads than cores. */
  constructor(
    control: Int32Array<SharedArrayBuffer>,
    { threads, spins }: { threads: number; spins: number },
  ) {
    this.#control = control;
    this.#threads = threads;
    this.#spins = spins;
  }

  /** Returns when all have arrived. Throws Abandoned once one has failed. */
  wait(): void {
    const control = this.#control;
    // The phase first: a failure after this line changes it, one before is seen on the next.
    const phase = Atomics.load(control, word.phase);
    if (Atomics.load(control, word.failed) !== 0) throw new RunAborted("Another thread failed");
    if (Atomics.add(control, word.arrived, 1) === this.#threads - 1) {
      Atomics.store(control, word.arrived, 0);
      Atomics.add(control, word.phase, 1);
      // A thread that goes to sleep counts itself first and then looks at `phase` again, so none is missed here.
      if (Atomics.load(control, word.sleepers) > 0) Atomics.notify(control, word.phase);
    } else {
      waitForChange(control, { index: word.phase, from: phase, spins: this.#spins, sleepers: word.sleepers });
    }
    if (Atomics.load(control, word.failed) !== 0) throw new RunAborted("Another thread failed");
  }
}

/** Returns when word `index` is no longer `from`: looks `spins` times, then sleeps. */
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

/** Marks the run as failed and wakes everyone. */
export function fail(control: Int32Array<SharedArrayBuffer>): void {
  Atomics.store(control, word.failed, 1);
  Atomics.add(control, word.phase, 1);
  Atomics.notify(control, word.phase);
  Atomics.store(control, word.finished, Atomics.load(control, word.started));
  Atomics.notify(control, word.finished);
}
