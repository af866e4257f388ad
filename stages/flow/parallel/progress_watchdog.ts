/**
 * How long a worker has been at one item. The worker records its progress in shared memory, so that a worker
 * that is stuck and answers no messages is noticed.
 *
 * @module
 */

/** Indexes into the shared memory, in 32-bit words. */
const word = { begun: 0, stage: 1, active: 2 } as const;

/** The progress of a worker. The worker writes it; the main thread reads it. */
export class WorkerProgress {
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(12)) {
    this.#words = new Int32Array(memory);
  }

  /** Records that the worker begins an item. */
  begin(): void {
    Atomics.store(this.#words, word.stage, 0);
    Atomics.store(this.#words, word.active, 1);
    Atomics.add(this.#words, word.begun, 1);
  }

  /** Records that the worker has finished its frame of items. */
  rest(): void {
    Atomics.store(this.#words, word.active, 0);
  }

  /** Records that the item has reached a stage. */
  reach(stage: number): void {
    Atomics.store(this.#words, word.stage, stage);
  }

  /** Items begun since the worker started. */
  get begun(): number {
    return Atomics.load(this.#words, word.begun);
  }

  /** Whether the worker is processing an item. */
  get active(): boolean {
    return Atomics.load(this.#words, word.active) !== 0;
  }

  /** Number of the stage that the item has reached, from 0. */
  get stage(): number {
    return Atomics.load(this.#words, word.stage);
  }
}

/** Measures, from the main thread, how long a worker has been at one item. */
export class ProgressWatchdog {
  #begun = -1;
  #since = 0;

  constructor(readonly progress: WorkerProgress) {}

  /** Milliseconds since the present item was first seen; 0 while the worker rests. `now`: milliseconds. */
  timeAtItem(now: number): number {
    const { begun, active } = this.progress;
    if (begun !== this.#begun || !active) {
      this.#begun = begun;
      this.#since = now;
    }
    return now - this.#since;
  }
}
