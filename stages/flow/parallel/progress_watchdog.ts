/**
 * Where a worker stands, in memory that it shares: so that one that is stuck is found though it answers nothing.
 *
 * @module
 */

const word = { begun: 0, stage: 1, active: 2 } as const;

/** A worker's side: notes what it begins. */
export class WorkerProgress {
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(12)) {
    this.#words = new Int32Array(memory);
  }

  /** Begins with an item of the frame. */
  begin(): void {
    Atomics.store(this.#words, word.stage, 0);
    Atomics.store(this.#words, word.active, 1);
    Atomics.add(this.#words, word.begun, 1);
  }

  /** The frame is done, whether or not its answer has been heard. */
  rest(): void {
    Atomics.store(this.#words, word.active, 0);
  }

  /** The item reaches a stage. */
  reach(stage: number): void {
    Atomics.store(this.#words, word.stage, stage);
  }

  /** Items begun since the worker started. */
  get begun(): number {
    return Atomics.load(this.#words, word.begun);
  }

  /** It is at an item. */
  get active(): boolean {
    return Atomics.load(this.#words, word.active) !== 0;
  }

  /** The number of the stage that the item is in. */
  get stage(): number {
    return Atomics.load(this.#words, word.stage);
  }
}

/** The other side: how long a worker has been at one item. */
export class ProgressWatchdog {
  #begun = -1;
  #since = 0;

  constructor(readonly progress: WorkerProgress) {}

  /** Milliseconds at the item of now, as far as was seen; 0 while it rests. */
  at(now: number): number {
    const { begun, active } = this.progress;
    if (begun !== this.#begun || !active) {
      this.#begun = begun;
      this.#since = now;
    }
    return now - this.#since;
  }
}
