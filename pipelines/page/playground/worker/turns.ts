/**
 * Takes turns: pieces of work that use one model, one after another.
 *
 * @module
 */

/** A queue of work. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does the work once all work before it has ended, whether well or not. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work, work);
    this.#last = done;
    done.catch(() => {}); // the caller handles it
    return done;
  }
}

/** Lets messages and timers be handled before the next piece of work. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
