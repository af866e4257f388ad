/**
 * Measures how long a worker has been processing one item. The worker records its progress in shared memory,
 * so that even a worker that is stuck and answers no messages is detected.
 *
 * @module
 */

/** Indices of the 32-bit words in the shared memory. */
const word = { begun: 0, stage: 1, active: 2 } as const;

/** The progress of a worker. The worker writes it; the main thread reads it. */
export class WorkerProgress {
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(12)) {
    this.#words = new Int32Array(memory);
  }

  /**
   * Records that the worker starts an item. The item is counted first, so that neither `stage` nor `active`
   * is taken for that of the item before.
   */
  begin(): void {
    Atomics.add(this.#words, word.begun, 1);
    Atomics.store(this.#words, word.stage, 0);
    Atomics.store(this.#words, word.active, 1);
  }

  /** Records that the worker has finished its frame of items. */
  rest(): void {
    Atomics.store(this.#words, word.active, 0);
  }

  /** Records that the item has reached a stage. */
  reach(stage: number): void {
    Atomics.store(this.#words, word.stage, stage);
  }

  /** Number of items begun since the worker started. */
  get begun(): number {
    return Atomics.load(this.#words, word.begun);
  }

  /** Whether the worker is processing an item. */
  get active(): boolean {
    return Atomics.load(this.#words, word.active) !== 0;
  }

  /** Index of the stage that the item has reached. */
  get stage(): number {
    return Atomics.load(this.#words, word.stage);
  }
}

/** Measures, in the main thread, how long a worker has been processing one item. */
export class ProgressWatchdog {
  #begun = -1;
  #since = 0;

  constructor(readonly progress: WorkerProgress) {}

  /** Number of items that the worker had begun at the last `timeAtItem`; the last of them was measured. */
  get begun(): number {
    return this.#begun;
  }

  /**
   * Returns the milliseconds since the current item was first seen, or 0 while the worker is idle. `now` is
   * the current time in ms.
   */
  timeAtItem(now: number): number {
    const { active } = this.progress, { begun } = this.progress; // in this order: see `begin`
    if (begun !== this.#begun || !active) {
      this.#begun = begun;
      this.#since = now;
    }
    return now - this.#since;
  }
}
