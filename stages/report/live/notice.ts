/**
 * Waiting for something to change.
 *
 * @module
 */

/** Wakes all who wait. A wait that was aborted leaves nothing behind. */
export class Notice {
  readonly #waiting = new Set<() => void>();

  /** Wakes all who wait now. */
  give(): void {
    for (const done of [...this.#waiting]) done();
  }

  /** Resolves at the next `give()`, or when the signal is aborted. */
  wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => {
      this.#waiting.delete(done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    this.#waiting.add(done);
    signal.addEventListener("abort", done);
    return promise;
  }
}
