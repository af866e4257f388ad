/**
 * Holds a model in the middle of an answer, for tests of what happens during one.
 *
 * @module
 */

/** A gate before each step of a model: open at first. */
export class ModelGate {
  #left = Infinity;
  #opened = Promise.withResolvers<void>();

  /** Lets `steps` more steps pass, and holds the model then. */
  hold(steps: number): void {
    this.#left = steps;
  }

  /** Lets all steps pass, those that wait included. */
  open(): void {
    this.#left = Infinity;
    this.#opened.resolve();
    this.#opened = Promise.withResolvers();
  }

  /** Resolves when the next step may be made. */
  async pass(): Promise<void> {
    while (this.#left <= 0) await this.#opened.promise;
    this.#left--;
  }
}
