/**
 * A timer for the end of idle threads.
 *
 * @module
 */

/** Calls a function once after a time without work. */
export class IdleTimer {
  readonly #ms: number;
  readonly #onIdle: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #working = 0;
  #since = 0;

  /**
   * `ms` is the number of milliseconds without work after which `onIdle` is called. The timer starts stopped.
   */
  constructor(ms: number, onIdle: () => void) {
    this.#ms = ms;
    this.#onIdle = onIdle;
  }

  /** Starts the timer if it is stopped. */
  start(): void {
    this.#since = performance.now();
    this.#timer ??= setTimeout(() => this.#check(), this.#ms);
  }

  /** Executes work; the time that it takes does not count as idle. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#working++;
    try {
      return await work();
    } finally {
      this.#working--;
      this.#since = performance.now();
    }
  }

  /** Stops the timer. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Reports that the work is idle, or waits longer if there was work in the meantime. Work only notes its
   * end, because a new timer per run costs more.
   */
  #check(): void {
    this.#timer = undefined;
    const left = this.#working > 0 ? this.#ms : this.#since + this.#ms - performance.now();
    if (left > 0) this.#timer = setTimeout(() => this.#check(), left);
    else this.#onIdle();
  }
}
